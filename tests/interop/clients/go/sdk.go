package main

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: withToken{}}}
	session, err := client.Connect(context.Background(), transport, nil)
	stop(err)
	defer session.Close()
	list := func(limited context.Context) (any, error) {
		names := []string{}
		answer, err := session.ListTools(limited, nil)
		if err != nil {
			return nil, err
		}
		for _, tool := range answer.Tools {
			names = append(names, tool.Name)
		}
		return names, nil
	}
	prompts := func(limited context.Context) (any, error) {
		names := []string{}
		answer, err := session.ListPrompts(limited, nil)
		if err != nil {
			return nil, err
		}
		for _, prompt := range answer.Prompts {
			names = append(names, prompt.Name)
		}
		return names, nil
	}
	take(list, prompts, func(limited context.Context, name string, arguments map[string]any) (any, error) {
		answer, err := session.CallTool(limited, &mcp.CallToolParams{Name: name, Arguments: arguments})
		if err != nil {
			return nil, err
		}
		return answer.Content[0].(*mcp.TextContent).Text, nil
	})
}
