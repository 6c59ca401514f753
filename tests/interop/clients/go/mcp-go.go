package main

import (
	"context"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

func main() {
	session, err := client.NewStreamableHttpClient(url, transport.WithHTTPHeaders(map[string]string{"Authorization": bearer}))
	stop(err)
	defer session.Close()
	stop(session.Start(context.Background()))
	hello := mcp.InitializeRequest{}
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "interop", Version: "1"}
	_, err = session.Initialize(context.Background(), hello)
	stop(err)
	list := func(limited context.Context) (any, error) {
		names := []string{}
		answer, err := session.ListTools(limited, mcp.ListToolsRequest{})
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
		answer, err := session.ListPrompts(limited, mcp.ListPromptsRequest{})
		if err != nil {
			return nil, err
		}
		for _, prompt := range answer.Prompts {
			names = append(names, prompt.Name)
		}
		return names, nil
	}
	take(list, prompts, func(limited context.Context, name string, arguments map[string]any) (any, error) {
		request := mcp.CallToolRequest{}
		request.Params.Name, request.Params.Arguments = name, arguments
		answer, err := session.CallTool(limited, request)
		if err != nil {
			return nil, err
		}
		return answer.Content[0].(mcp.TextContent).Text, nil
	})
}
