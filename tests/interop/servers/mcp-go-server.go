// A server on mcp-go: mcp-go-server PORT (http|stateless|sse)
package main

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	address, mode := "127.0.0.1:"+os.Args[1], os.Args[2]
	interop := server.NewMCPServer("interop", "1", server.WithToolCapabilities(true), server.WithPromptCapabilities(true),
		server.WithResourceCapabilities(true, true), server.WithLogging())
	interop.AddTool(mcp.NewTool("add", mcp.WithNumber("a", mcp.Required()), mcp.WithNumber("b", mcp.Required())),
		func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(mcp.ParseString(request, "a", "") + "+" + mcp.ParseString(request, "b", "")), nil
		})
	interop.AddTool(mcp.NewTool("fail", mcp.WithString("reason", mcp.Required())),
		func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return nil, errors.New(mcp.ParseString(request, "reason", ""))
		})
	interop.AddTool(mcp.NewTool("secret"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("secret"), nil
	})
	interop.AddPrompt(mcp.NewPrompt("greeting"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		message := mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("Say hello"))
		return mcp.NewGetPromptResult("A greeting", []mcp.PromptMessage{message}), nil
	})
	interop.AddResource(mcp.NewResource("demo://note", "note"),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: "demo://note", Text: "A note"}}, nil
		})
	if mode == "sse" {
		log.Fatal(server.NewSSEServer(interop).Start(address))
	}
	log.Fatal(server.NewStreamableHTTPServer(interop, server.WithStateLess(mode == "stateless")).Start(address))
}
