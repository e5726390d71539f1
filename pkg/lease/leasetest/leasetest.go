// Package leasetest gives tests a lock table in the local emulator.
package leasetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-data/tarn/local/emulator"
	"github.com/tarn-data/tarn/local/toolchain"
	"github.com/tarn-data/tarn/pkg/statestore"
)

var (
	stateDir string
	start    = sync.OnceValues(startEmulator)
)

// Run runs a package's tests and then stops the emulator, if one of them has started it.
func Run(m *testing.M) int {
	defer func() {
		if stateDir != "" {
			_ = emulator.Stop(context.Background(), stateDir)
			_ = os.RemoveAll(stateDir)
		}
	}()
	return m.Run()
}

// Endpoint is the address of the emulator, which the first call starts. A machine without the tools
// fails the test: a lock that was not tried on a database is not tested.
func Endpoint(t *testing.T) string {
	t.Helper()
	endpoint, err := start()
	if err != nil {
		t.Fatalf("no emulator, run make tools: %v", err)
	}
	return endpoint
}

// oneAtATime serves an address as DynamoDB does: a condition is checked and the item written in one
// step. The emulator's threads can come between the two, and then both of two writers succeed.
func oneAtATime(address string) (string, error) {
	target, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	var mu sync.Mutex
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			proxy.ServeHTTP(w, r)
		})}
	go func() { _ = server.Serve(listener) }() // until the process ends
	return "http://" + listener.Addr().String(), nil
}

// Client gives a client of the emulator. A transport can disturb it; nil does not. It tries once.
func Client(endpoint string, transport http.RoundTripper) *dynamodb.Client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(endpoint), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: transport},
	})
}

// NewTable makes a lock table with a name of its own.
func NewTable(t *testing.T) string {
	t.Helper()
	name := aws.String("locks-" + rand.Text())
	_, err := Client(Endpoint(t), nil).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: name, BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String(statestore.LockKey), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(statestore.LockKey), AttributeType: types.ScalarAttributeTypeS},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *name
}

func startEmulator() (string, error) {
	ctx := context.Background() // it serves every test of the package
	root, err := repository()
	if err != nil {
		return "", err
	}
	paths, err := toolchain.NewPaths(root)
	if err != nil {
		return "", err
	}
	tools, err := toolchain.Find(ctx, paths)
	if err != nil {
		return "", err
	}
	stateDir, err = os.MkdirTemp("", "tarn-lease-")
	if err != nil {
		return "", err
	}
	instance, _, err := emulator.Start(ctx, emulator.Options{
		Root: root, StateDir: stateDir, Python: tools.Python, Jars: tools.Jars,
	})
	if err != nil {
		return "", err
	}
	return oneAtATime(instance.Endpoint)
}

// repository finds the folder of go.mod above the package that is tested.
func repository() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		folder = above
	}
}

// RetryingClient is Client with the SDK's usual retries.
func RetryingClient(endpoint string, transport http.RoundTripper) *dynamodb.Client {
	options := Client(endpoint, transport).Options()
	options.RetryMaxAttempts, options.Retryer = 0, nil
	return dynamodb.New(options)
}

// Delete deletes an item.
func Delete(t *testing.T, client *dynamodb.Client, table, id string) {
	t.Helper()
	_, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(table), Key: itemKey(id)})
	if err != nil {
		t.Fatal(err)
	}
}

// Replace gives an attribute of an item a text.
func Replace(t *testing.T, client *dynamodb.Client, table, id, attribute, value string) {
	t.Helper()
	_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(table), Key: itemKey(id), UpdateExpression: aws.String("SET #a = :v"),
		ExpressionAttributeNames:  map[string]string{"#a": attribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: value}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func itemKey(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{statestore.LockKey: &types.AttributeValueMemberS{Value: id}}
}
