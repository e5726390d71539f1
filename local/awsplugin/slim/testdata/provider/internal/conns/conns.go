package conns

import _ "embed"

//go:embed endpoints.txt
var endpoints string

type AWSClient struct{}

type ServicePackage interface{}

func client[T any](c *AWSClient, name string) (t T) { return t }
