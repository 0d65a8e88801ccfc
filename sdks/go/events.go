package nexus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const reconnectsMax = 10

// Event is one event of a stream.
type Event[D any] struct {
	// ID is its position: After(id) goes on after it.
	ID string
	// Name says what happened, such as progress, delta or run.ended.
	Name string
	Data D
}

// BuildData is what an event of a build holds: which fields, follows from its name (stage, progress, log or done).
type BuildData struct {
	Attempt      int            `json:"attempt"`
	Timestamp    time.Time      `json:"timestamp"`
	StageName    string         `json:"stage_name"`
	SubStageName string         `json:"sub_stage_name"`
	Status       string         `json:"status"`
	Progress     float64        `json:"progress"`
	Level        string         `json:"level"`
	Message      string         `json:"message"`
	ErrorInfo    map[string]any `json:"error_info"`
}

// RunData is what an event of an agent's run holds: start, delta, tool_call, tool_result, and last done or error.
type RunData struct {
	InvocationID string `json:"invocation_id"`
	SessionID    string `json:"session_id"`
	Text         string `json:"text"`
	// Output is a text in done, and any JSON in tool_result.
	Output  any    `json:"output"`
	Code    string `json:"code"`
	Message string `json:"message"`
	// Raw is everything.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON keeps the whole event in Raw.
func (d *RunData) UnmarshalJSON(text []byte) error {
	type plain RunData
	if err := json.Unmarshal(text, (*plain)(d)); err != nil {
		return err
	}
	d.Raw = append(json.RawMessage(nil), text...)
	return nil
}

// FlowRunData is what an event of a flow's run holds.
type FlowRunData map[string]any

// ImportData is the state of an import.
type ImportData struct {
	IntegrationID  string `json:"integration_id"`
	Status         string `json:"status"`
	Version        int    `json:"version"`
	OperationCount int    `json:"operation_count"`
	Import         *struct {
		Status  string  `json:"status"`
		Failure *string `json:"failure"`
	} `json:"import"`
}

func (d ImportData) over() bool {
	return d.Status != "importing" && (d.Import == nil || d.Import.Status != "running")
}

type followed struct{ last string }

// FollowOption changes how events are followed.
type FollowOption func(*followed)

// After gives the events after this one.
func After(id string) FollowOption { return func(f *followed) { f.last = id } }

// BuildEvents gives the events of a project's build, until it has ended.
func (n *Nexus) BuildEvents(ctx context.Context, projectID string, options ...FollowOption) iter.Seq2[Event[BuildData], error] {
	path := "/api/v1/projects/" + url.PathEscape(projectID) + "/events"
	return follow(ctx, n, path, func(e Event[BuildData]) bool { return e.Name == "done" }, options)
}

// RunEvents gives the events of an agent's run that was started in the background or streamed.
func (n *Nexus) RunEvents(ctx context.Context, invocationID string, options ...FollowOption) iter.Seq2[Event[RunData], error] {
	path := "/api/v1/invocations/" + url.PathEscape(invocationID) + "/events"
	return follow(ctx, n, path, func(e Event[RunData]) bool { return e.Name == "done" || e.Name == "error" }, options)
}

// FlowRunEvents gives the events of a flow's run, until it has ended.
func (n *Nexus) FlowRunEvents(ctx context.Context, runID string, options ...FollowOption) iter.Seq2[Event[FlowRunData], error] {
	path := "/api/v1/flow-runs/" + url.PathEscape(runID) + "/events"
	return follow(ctx, n, path, func(e Event[FlowRunData]) bool { return e.Name == "run.ended" }, options)
}

// ImportEvents gives the state of an integration's import each time that it changes, until it has ended.
func (n *Nexus) ImportEvents(ctx context.Context, integrationID string) iter.Seq2[Event[ImportData], error] {
	path := "/api/v1/integrations/" + url.PathEscape(integrationID) + "/events"
	return follow(ctx, n, path, func(e Event[ImportData]) bool { return e.Data.over() }, nil)
}

// follow reads a stream until its last event, or until the server has nothing more. When the connection drops, it goes on after the
// last event. It fails after ten connections in a row that brought nothing.
func follow[D any](ctx context.Context, n *Nexus, path string, isLast func(Event[D]) bool, options []FollowOption) iter.Seq2[Event[D], error] {
	return func(yield func(Event[D], error) bool) {
		var position followed
		for _, option := range options {
			option(&position)
		}
		for empty := 0; ; empty++ {
			isOver, err := n.stream(ctx, path, position.last, func(id, name, data string) bool {
				event := Event[D]{ID: id, Name: name}
				if err := json.Unmarshal([]byte(data), &event.Data); err != nil {
					yield(event, err)
					return false
				}
				empty = 0
				if id != "" {
					position.last = id
				}
				return yield(event, nil) && !isLast(event)
			})
			if isOver {
				return
			}
			var answered *Error
			switch {
			case ctx.Err() != nil:
				err = ctx.Err()
			case errors.As(err, &answered):
			case empty < reconnectsMax:
				if err = pause(ctx, waitOf("", min(empty, 4))); err == nil {
					continue
				}
			default:
				err = connectionError(err)
			}
			yield(Event[D]{}, err)
			return
		}
	}
}

// stream reads one connection. It is over when take answered false, or when the server has nothing more.
func (n *Nexus) stream(ctx context.Context, path, last string, take func(id, name, data string) bool) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.baseURL+path, nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Accept", "text/event-stream")
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	if err := n.sign(ctx, request); err != nil {
		return false, err
	}
	response, err := n.doer.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		return true, nil
	}
	if response.StatusCode >= http.StatusBadRequest {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return false, errorOf(response.StatusCode, body)
	}
	lines := bufio.NewReader(response.Body)
	var id, name string
	var data []string
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			if len(data) > 0 && !take(id, name, strings.Join(data, "\n")) {
				return true, nil
			}
			id, name, data = "", "message", nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			id = value
		case "event":
			name = value
		case "data":
			data = append(data, value)
		}
	}
}
