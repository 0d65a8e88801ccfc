// Command contract does what each client does; contract.mjs says what it must see.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"nexus"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func set[T any](value T) *T { return &value }

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	api := must(nexus.New(nexus.Options{BaseURL: os.Getenv("NEXUS_URL"), APIKey: os.Getenv("NEXUS_API_KEY")}))
	agent := os.Getenv("NEXUS_AGENT_ID")
	saw := map[string]any{}

	// 1. Sign in with a key. The first request is refused for a second.
	started := time.Now()
	me := must(nexus.Data[nexus.MeDto](api.GetMeWithResponse(ctx)))
	saw["sign_in"] = map[string]any{"roles": me.Roles, "waited_as_told": time.Since(started) >= 950*time.Millisecond}

	// 2. Build an agent and watch it. The first answer is lost.
	wish := nexus.CreateProjectJSONRequestBody{Requirement: "A calculator assistant for totals and discounts of our shop."}
	project := must(nexus.Data[nexus.ProjectDto](api.CreateProjectWithResponse(ctx, nil, wish)))
	kinds, gaps, seen := []string{}, false, 0
	for event, err := range api.BuildEvents(ctx, project.ProjectId) {
		event = must(event, err)
		seen++
		gaps = gaps || event.ID != strconv.Itoa(seen)
		if !slices.Contains(kinds, event.Name) {
			kinds = append(kinds, event.Name)
		}
	}
	slices.Sort(kinds)
	built := must(api.WaitForBuild(ctx, project.ProjectId))
	saw["build"] = map[string]any{"status": built.Status, "kinds": kinds, "has_gaps": gaps}

	// 3. List, page by page.
	definition := map[string]any{
		"timeout_seconds": 60, "input_schema": map[string]any{"type": "object"},
		"steps":  []any{map[string]any{"id": "hello", "transform": "Hello ${{ input.name }}"}},
		"output": "${{ steps.hello.output }}",
	}
	own := []string{}
	for number := range 3 {
		body := nexus.CreateFlowJSONRequestBody{Name: fmt.Sprintf("sdk %d", number+1), Definition: definition}
		own = append(own, must(nexus.Data[nexus.FlowDto](api.CreateFlowWithResponse(ctx, nil, body))).FlowId)
	}
	names := []string{}
	pages := nexus.Items[nexus.FlowDto](func(key *string) (nexus.Answer, error) {
		return api.ListFlowsWithResponse(ctx, &nexus.ListFlowsParams{Limit: set(1), LastKey: key})
	})
	for flow, err := range pages {
		if flow = must(flow, err); slices.Contains(own, flow.FlowId) {
			names = append(names, flow.Name)
		}
	}
	slices.Sort(names)
	saw["pages"] = names

	// 4. Ask an agent.
	question := nexus.InvokeAgentJSONRequestBody{InputText: "What is 1234 * 56?"}
	answer := must(nexus.Data[nexus.InvokeResultDto](api.InvokeAgentWithResponse(ctx, agent, nil, question)))
	saw["invoke"] = map[string]any{"status": answer.Status, "has_answer": strings.Contains(answer.Output, "69,104")}

	// 5. Ask in the background, and follow.
	later := nexus.InvokeAgentJSONRequestBody{InputText: "What is 2 + 2?", Background: set(true)}
	begun := must(nexus.Data[nexus.InvocationDto](api.InvokeAgentWithResponse(ctx, agent, nil, later)))
	run := []string{}
	for event, err := range api.RunEvents(ctx, begun.InvocationId) {
		run = append(run, must(event, err).Name)
	}
	ended := must(api.WaitForRun(ctx, begun.InvocationId))
	saw["background"] = map[string]any{"status": ended.Status, "first": run[0], "last": run[len(run)-1]}

	// 6. Talk in a session.
	session := must(nexus.Data[nexus.SessionDto](api.CreateSessionWithResponse(ctx, agent, nil, nexus.CreateSessionJSONRequestBody{})))
	message := nexus.SendMessageJSONRequestBody{Content: "What is 15% of 80?"}
	must(nexus.Data[json.RawMessage](api.SendMessageWithResponse(ctx, session.SessionId, nil, message)))
	roles := []string{}
	messages := nexus.Items[nexus.MessageDto](func(key *string) (nexus.Answer, error) {
		return api.ListMessagesWithResponse(ctx, session.SessionId, &nexus.ListMessagesParams{LastKey: key})
	})
	for one, err := range messages {
		roles = append(roles, string(must(one, err).Role))
	}
	saw["session"] = roles

	// 7. Publish a flow, run it, follow it.
	must(nexus.Data[json.RawMessage](api.PublishFlowWithResponse(ctx, own[0], nil)))
	start := nexus.StartFlowRunJSONRequestBody{Input: &map[string]any{"name": "Ada"}}
	flowRun := must(nexus.Data[nexus.FlowRunDto](api.StartFlowRunWithResponse(ctx, own[0], nil, start)))
	last := ""
	for event, err := range api.FlowRunEvents(ctx, flowRun.RunId) {
		last = must(event, err).Name
	}
	over := must(api.WaitForFlowRun(ctx, flowRun.RunId))
	saw["flow"] = map[string]any{"status": over.Status, "output": over.Output, "last": last}

	// 8. Import an API and call it through its mock.
	document := `{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},"servers":[{"url":"https://shop.example.com"}],"paths":{"/orders":
		{"get":{"operationId":"listOrders","responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"array","items":{"type":"string"}}}}}}}}}}`
	body := must(json.Marshal(map[string]any{"name": "Shop", "source": map[string]any{"content": document}}))
	made := must(nexus.Data[nexus.IntegrationDto](api.CreateIntegrationWithBodyWithResponse(ctx, nil, "application/json", strings.NewReader(string(body)))))
	imported := must(api.WaitForImport(ctx, made.IntegrationId))
	must(nexus.Data[json.RawMessage](api.TurnMockWithResponse(ctx, made.IntegrationId, nil, nexus.TurnMockJSONRequestBody{Mode: set(nexus.TurnMockDtoMode("instead"))})))
	call := nexus.CallOperationJSONRequestBody{Input: map[string]any{}}
	called := must(nexus.Data[nexus.OperationResultDto](api.CallOperationWithResponse(ctx, made.IntegrationId, "listOrders", nil, call)))
	saw["integration"] = map[string]any{
		"status": imported.Status, "operations": imported.OperationCount, "call_status": called.Status, "valid": called.Valid,
	}

	// 9. Errors are of kinds.
	_, err := nexus.Data[nexus.ProjectDto](api.GetProjectWithResponse(ctx, "proj_none"))
	var failure *nexus.Error
	if errors.Is(err, nexus.ErrNotFound) && errors.As(err, &failure) {
		saw["not_found"] = map[string]any{
			"name": "NotFoundError", "status": failure.Status, "code": failure.Code,
			"has_suggestion": failure.Suggestion != "", "has_trace_id": failure.TraceID != "",
		}
	}

	// 10. Errors name what is wrong.
	_, err = nexus.Data[nexus.ProjectDto](api.CreateProjectWithResponse(ctx, nil, nexus.CreateProjectJSONRequestBody{}))
	if errors.Is(err, nexus.ErrInvalidRequest) && errors.As(err, &failure) {
		fields := []string{}
		for name := range failure.Details["fields"].(map[string]any) {
			fields = append(fields, name)
		}
		saw["invalid"] = map[string]any{"name": "InvalidRequestError", "status": failure.Status, "code": failure.Code, "fields": fields}
	}
	fmt.Println(string(must(json.Marshal(saw))))
}
