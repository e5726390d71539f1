// Package ledger records the deployments of an environment in the lock table: one item for each
// project, written in one call, beside the lease whose token it checks.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-data/tarn/pkg/lease"
	"github.com/tarn-data/tarn/pkg/statestore"
)

// MaxEntries is how many deployments of a project are kept.
const MaxEntries = 100

// Attributes of an item. Entries and the last good one are JSON texts. There is no ExpiresAt: what was
// last deployed stays true for as long as the table is there.
const (
	attrEntries  = "Entries"
	attrLastGood = "LastGood"
	attrToken    = "Token"
)

// ErrSuperseded is returned when a holder of the lease after the writer has already written.
var ErrSuperseded = errors.New("a later holder of the lease has already written to the ledger")

// Client is what a Ledger needs of a *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Ledger is the deployment ledger of one or more environments. It is safe for concurrent use.
type Ledger struct {
	client Client
	table  string
}

// New makes a Ledger in an existing lock table, which statestore.LockTable describes.
func New(client Client, tableName string) *Ledger {
	return &Ledger{client: client, table: tableName}
}

// Record adds an entry to a project's deployments. It returns ErrSuperseded when an entry with a
// greater token is there: the writer has lost its lease. A missing table is lease.ErrNoTable.
func (l *Ledger) Record(ctx context.Context, environment, project string, entry Entry) error {
	added, err := l.add(ctx, environment, project, entry)
	if err != nil {
		return fmt.Errorf("recording the deployment of %s in %s: %w", project, environment, err)
	}
	if length := len(added.Entries); length > MaxEntries {
		// The oldest ones are last, so this can only take too few when somebody else writes meanwhile.
		// A failure leaves them to the next deployment.
		_ = l.trim(ctx, environment, project, length)
	}
	return nil
}

func (l *Ledger) add(ctx context.Context, environment, project string, entry Entry) (Project, error) {
	raw, err := json.Marshal(entry.identified())
	if err != nil {
		return Project{}, err
	}
	written := string(raw)
	update := "SET #Entries = list_append(:new, if_not_exists(#Entries, :none)), #Token = :token"
	names := map[string]string{"#Entries": attrEntries, "#Token": attrToken}
	if entry.Result == Succeeded {
		update += ", #LastGood = :entry"
		names["#LastGood"] = attrLastGood
	}
	one := &types.AttributeValueMemberS{Value: written}
	out, err := l.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:        aws.String(l.table),
		Key:              key(environment, project),
		UpdateExpression: aws.String(update),
		// The second part makes it harmless when the SDK tries again because an answer was lost.
		ConditionExpression: aws.String(
			"(attribute_not_exists(#Token) OR #Token <= :token) AND NOT contains(#Entries, :entry)"),
		ExpressionAttributeNames: names,
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":new":   &types.AttributeValueMemberL{Value: []types.AttributeValue{one}},
			":none":  &types.AttributeValueMemberL{Value: []types.AttributeValue{}},
			":entry": one,
			":token": &types.AttributeValueMemberN{Value: strconv.FormatInt(entry.Token, 10)},
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		if slices.Contains(texts(refused.Item[attrEntries]), written) {
			return decode(refused.Item)
		}
		return Project{}, ErrSuperseded
	}
	if err != nil {
		return Project{}, explain(err)
	}
	return decode(out.Attributes)
}

// trim removes the oldest entries. Removing an index that is not there does nothing.
func (l *Ledger) trim(ctx context.Context, environment, project string, length int) error {
	var surplus []string
	for i := MaxEntries; i < length; i++ {
		surplus = append(surplus, fmt.Sprintf("#Entries[%d]", i))
	}
	_, err := l.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                aws.String(l.table),
		Key:                      key(environment, project),
		UpdateExpression:         aws.String("REMOVE " + strings.Join(surplus, ", ")),
		ExpressionAttributeNames: map[string]string{"#Entries": attrEntries},
	})
	return err
}

// History gives what is known of each of the projects, by name. One that was never deployed has no
// entries. A missing table is lease.ErrNoTable.
func (l *Ledger) History(ctx context.Context, environment string, projects ...string) (map[string]Project, error) {
	history := map[string]Project{}
	for _, project := range projects {
		out, err := l.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(l.table), Key: key(environment, project), ConsistentRead: aws.Bool(true),
		})
		if err != nil {
			return nil, fmt.Errorf("reading the deployments of %s in %s: %w", project, environment, explain(err))
		}
		known, err := decode(out.Item)
		if err != nil {
			return nil, fmt.Errorf("reading the deployments of %s in %s: %w", project, environment, err)
		}
		known.Entries = known.Entries[:min(len(known.Entries), MaxEntries)] // trimming may have failed
		history[project] = known
	}
	return history, nil
}

func key(environment, project string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		statestore.LockKey: &types.AttributeValueMemberS{Value: "ledger/" + environment + "/" + project},
	}
}

func explain(err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return fmt.Errorf("%w: %w", lease.ErrNoTable, err)
	}
	return err
}
