package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

var (
	url       = os.Args[1]
	bearer    = "Bearer " + os.Args[2]
	good      = map[string]any{"message": "hello"}
	refused   = map[string]any{"a": 1, "b": 2}
	stepLimit = 20 * time.Second
)

// withToken adds the caller's token to every request.
type withToken struct{}

func (withToken) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", bearer)
	return http.DefaultTransport.RoundTrip(request)
}

func step(name string, action func(context.Context) (any, error)) {
	limited, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	line := map[string]any{"step": name}
	if answer, err := action(limited); err != nil {
		line["error"] = err.Error()
	} else {
		line["ok"] = answer
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

// take does what every client does here. list and prompts give names, call gives a text.
func take(list, prompts func(context.Context) (any, error), call func(context.Context, string, map[string]any) (any, error)) {
	calling := func(name string, arguments map[string]any) func(context.Context) (any, error) {
		return func(limited context.Context) (any, error) { return call(limited, name, arguments) }
	}
	step("list", list)
	step("call", calling("echo", good))
	step("refused", calling("get-sum", refused))
	step("again", calling("echo", good))
	step("prompts", prompts)
}

func stop(err error) {
	if err != nil {
		step("session", func(context.Context) (any, error) { return nil, err })
		os.Exit(1)
	}
}
