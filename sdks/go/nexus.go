// Package nexus is a client of the Nexus API: sign-in, retries, iterators of pages, events that resume, waiting, and errors of kinds.
// Every operation is a method of ClientWithResponses, which is generated and stands in Nexus.
package nexus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
)

// Options of a client.
type Options struct {
	// BaseURL stands without /api/v1; http://127.0.0.1:8000 unless set.
	BaseURL string
	// APIKey is a key of the platform, nxs_….
	APIKey string
	// AccessToken gives the present token of a sign-in.
	AccessToken func(context.Context) (string, error)
	// Header is sent with every request.
	Header http.Header
	// Retries are the attempts after the first; 3 unless set, none when negative.
	Retries int
	// HTTPClient is http.DefaultClient unless set.
	HTTPClient *http.Client
}

// Nexus is a client of one platform, as one caller. It may be used by several goroutines.
type Nexus struct {
	*ClientWithResponses
	options Options
	baseURL string
	doer    HttpRequestDoer
}

// New makes a client. It sends nothing.
func New(options Options) (*Nexus, error) {
	if options.BaseURL == "" {
		options.BaseURL = "http://127.0.0.1:8000"
	}
	if options.Retries == 0 {
		options.Retries = 3
	}
	if options.HTTPClient == nil {
		options.HTTPClient = http.DefaultClient
	}
	n := &Nexus{options: options, baseURL: strings.TrimRight(options.BaseURL, "/")}
	n.doer = &retrying{client: options.HTTPClient, retries: max(options.Retries, 0)}
	client, err := NewClientWithResponses(n.baseURL, WithHTTPClient(n.doer), WithRequestEditorFn(n.sign))
	n.ClientWithResponses = client
	return n, err
}

func (n *Nexus) sign(ctx context.Context, request *http.Request) error {
	for name, values := range n.options.Header {
		request.Header[name] = values
	}
	if n.options.APIKey != "" {
		request.Header.Set("X-API-Key", n.options.APIKey)
	}
	if n.options.AccessToken != nil {
		token, err := n.options.AccessToken(ctx)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// So that it may be sent again.
	if request.Method == http.MethodPost && request.Header.Get("Idempotency-Key") == "" {
		key := make([]byte, 16)
		if _, err := rand.Read(key); err != nil {
			return err
		}
		request.Header.Set("Idempotency-Key", "sdk-"+hex.EncodeToString(key))
	}
	return nil
}

// Answer is what every generated method gives.
type Answer interface {
	StatusCode() int
	GetBody() []byte
}

// Data gives the data of an answer: nexus.Data[nexus.ProjectDto](client.GetProjectWithResponse(ctx, id)). The error is an *Error when
// the API returned one.
func Data[T any](answer Answer, err error) (T, error) {
	var data T
	if err != nil {
		return data, connectionError(err)
	}
	if answer.StatusCode() >= http.StatusBadRequest {
		return data, errorOf(answer.StatusCode(), answer.GetBody())
	}
	var envelope struct {
		Success *bool           `json:"success"`
		Data    json.RawMessage `json:"data"`
	}
	body := answer.GetBody()
	if err := json.Unmarshal(body, &envelope); err == nil && envelope.Success != nil && envelope.Data != nil {
		body = envelope.Data
	}
	return data, json.Unmarshal(body, &data)
}

// Items gives the items of all pages of a list, which are read as they are needed. page calls the operation with the key of a page,
// which is nil for the first.
func Items[T any](page func(lastKey *string) (Answer, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for key := (*string)(nil); ; {
			fields, err := Data[map[string]json.RawMessage](page(key))
			if err != nil {
				yield(none, err)
				return
			}
			for _, value := range fields {
				if len(value) == 0 || value[0] != '[' {
					continue
				}
				var items []T
				if err := json.Unmarshal(value, &items); err != nil {
					yield(none, err)
					return
				}
				for _, item := range items {
					if !yield(item, nil) {
						return
					}
				}
				break
			}
			var next *string
			_ = json.Unmarshal(fields["last_key"], &next)
			if next == nil || (key != nil && *next == *key) {
				return
			}
			key = next
		}
	}
}

// WaitForBuild waits until the build has completed or failed. The context bounds how long.
func (n *Nexus) WaitForBuild(ctx context.Context, projectID string) (ProjectDto, error) {
	read := func() (ProjectDto, error) { return Data[ProjectDto](n.GetProjectWithResponse(ctx, projectID)) }
	over := func(one ProjectDto) bool { return one.Status == "completed" || one.Status == "failed" }
	return wait(ctx, read, over, func() error { return drained(n.BuildEvents(ctx, projectID)) })
}

// WaitForRun waits until the run of an agent has ended, or waits for an approval.
func (n *Nexus) WaitForRun(ctx context.Context, invocationID string) (InvocationDto, error) {
	read := func() (InvocationDto, error) {
		return Data[InvocationDto](n.GetInvocationWithResponse(ctx, invocationID))
	}
	over := func(one InvocationDto) bool { return one.Status != "queued" && one.Status != "running" }
	return wait(ctx, read, over, func() error { return drained(n.RunEvents(ctx, invocationID)) })
}

// WaitForFlowRun waits until the run of a flow has ended.
func (n *Nexus) WaitForFlowRun(ctx context.Context, runID string) (FlowRunDto, error) {
	read := func() (FlowRunDto, error) { return Data[FlowRunDto](n.GetFlowRunWithResponse(ctx, runID)) }
	over := func(one FlowRunDto) bool {
		switch one.Status {
		case "completed", "failed", "compensated", "cancelled", "timed_out":
			return true
		}
		return false
	}
	return wait(ctx, read, over, func() error { return drained(n.FlowRunEvents(ctx, runID)) })
}

// WaitForImport waits until an import has ended.
func (n *Nexus) WaitForImport(ctx context.Context, integrationID string) (IntegrationDto, error) {
	read := func() (IntegrationDto, error) {
		return Data[IntegrationDto](n.GetIntegrationWithResponse(ctx, integrationID))
	}
	over := func(one IntegrationDto) bool {
		return one.Status != "importing" && (one.Import == nil || one.Import.Status != "running")
	}
	return wait(ctx, read, over, func() error { return drained(n.ImportEvents(ctx, integrationID)) })
}

// wait reads, follows the events until there are no more, and reads again.
func wait[T any](ctx context.Context, read func() (T, error), over func(T) bool, follow func() error) (T, error) {
	for {
		found, err := read()
		if err != nil || over(found) {
			return found, err
		}
		if err := follow(); err != nil {
			return found, err
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
	}
}

func drained[D any](events iter.Seq2[Event[D], error]) error {
	for _, err := range events {
		if err != nil {
			return err
		}
	}
	return nil
}
