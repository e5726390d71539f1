// Package lease lets one deployment at a time work on an environment, with one item of a DynamoDB
// table for each environment.
//
// It is our own because cirello.io/dynamolock/v5 has no fencing counter (its version is a random
// text), watches a dead holder for a whole lease before it takes over, and neither records a forced
// unlock nor tells who is waited for. It also asks for a Go newer than this module's.
//
// # Time
//
// No machine's clock decides. Each answer of DynamoDB carries the server's time, in whole seconds;
// with the moments of sending and receiving it bounds the time from both sides. A lease is taken
// over when even the earliest time is past its end, and its holder gives it up when the latest one
// may be, so the error (a second and the duration of one call) delays a takeover and never makes two
// holders. What remains is a holder that is stopped between asking Check and acting: the token is
// for that.
package lease

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-data/tarn/pkg/statestore"
)

// callLimit ends a call to a table that does not answer, the SDK's own retries included.
const callLimit = 10 * time.Second

// Client is what a Table needs of a *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Table is the lock table of one or more environments. It is safe for concurrent use.
type Table struct {
	client Client
	name   string
	clock  clock
}

// New makes a Table of an existing DynamoDB table, which statestore.LockTable describes.
func New(client Client, tableName string) *Table {
	return &Table{client: client, name: tableName}
}

// Read gives what the table says about an environment's lease; false means that nobody ever took it.
// The table's absence is ErrNoTable.
func (t *Table) Read(ctx context.Context, environment string) (Record, bool, error) {
	found, err := t.read(ctx, environment)
	if err != nil {
		return Record{}, false, fmt.Errorf("reading the lease on %s: %w", environment, err)
	}
	return found.record, found.exists, nil
}

func (t *Table) read(ctx context.Context, environment string) (item, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	sent := time.Now()
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(t.name), Key: key(environment), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return item{}, explain(err)
	}
	if err := t.clock.observe(sent, out.ResultMetadata); err != nil {
		return item{}, err
	}
	return decode(environment, out.Item, t.clock.earliest())
}

// change is one conditional write to a lease's item.
type change struct {
	update    string // both with #names, see the attributes
	condition string
	values    map[string]types.AttributeValue
}

// write gives the item as the change leaves it. When the condition does not hold it returns errRefused
// with the item as it is.
func (t *Table) write(ctx context.Context, environment string, c change) (item, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	sent := time.Now()
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           aws.String(t.name),
		Key:                                 key(environment),
		UpdateExpression:                    aws.String(c.update),
		ConditionExpression:                 aws.String(c.condition),
		ExpressionAttributeNames:            namesIn(c.update + c.condition),
		ExpressionAttributeValues:           c.values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		found, err := decode(environment, refused.Item, t.clock.earliest())
		if err != nil {
			return item{}, err
		}
		return found, errRefused
	}
	if err != nil {
		return item{}, explain(err)
	}
	if err := t.clock.observe(sent, out.ResultMetadata); err != nil {
		return item{}, err
	}
	return decode(environment, out.Attributes, t.clock.earliest())
}

func key(environment string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{statestore.LockKey: text("lease/" + environment)}
}

var placeholder = regexp.MustCompile(`#\w+`)

// namesIn gives the attribute names behind the placeholders: DynamoDB wants those that are used, and
// no other.
func namesIn(expression string) map[string]string {
	names := map[string]string{}
	for _, name := range placeholder.FindAllString(expression, -1) {
		names[name] = name[1:]
	}
	return names
}
