package {{module}}

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

const answerMax = 64 << 20

var fieldPath = regexp.MustCompile(`/(?:query|mutation)/(\w+)$`)

// overGraphql sends the query that a path stands for, with the HTTP client that the options before it have set.
func overGraphql(client *Client) error {
	client.Client = &graphqlDoer{doer: client.Client}
	return nil
}

type graphqlDoer struct{ doer HttpRequestDoer }

// Do answers the value of the field. Errors of GraphQL are an *APIError, whatever the status.
func (d *graphqlDoer) Do(request *http.Request) (*http.Response, error) {
	found := fieldPath.FindStringSubmatch(request.URL.Path)
	if found == nil || queryOf(found[0]) == "" {
		return d.doer.Do(request)
	}
	sent, err := withQuery(request, found[0])
	if err != nil {
		return nil, err
	}
	answer, err := d.doer.Do(sent)
	if err != nil || answer.StatusCode < 200 || answer.StatusCode > 299 {
		return answer, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	if err != nil {
		return nil, err
	}
	var read struct {
		Data   map[string]json.RawMessage `json:"data"`
		Errors []json.RawMessage          `json:"errors"`
	}
	if err := json.Unmarshal(body, &read); err != nil {
		return nil, fmt.Errorf("the answer is not one of GraphQL: %w", err)
	}
	if len(read.Errors) > 0 {
		return nil, &APIError{StatusCode: answer.StatusCode, Body: body}
	}
	value := read.Data[found[1]]
	if value == nil {
		value = json.RawMessage("null")
	}
	answer.Body = io.NopCloser(bytes.NewReader(value))
	answer.ContentLength = int64(len(value))
	answer.Header.Set("Content-Type", "application/json")
	return answer, nil
}

func withQuery(request *http.Request, path string) (*http.Request, error) {
	variables := json.RawMessage("{}")
	if request.Body != nil {
		defer request.Body.Close()
		text, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		if len(text) > 0 {
			variables = text
		}
	}
	body, err := json.Marshal(map[string]any{"query": queryOf(path), "variables": variables})
	if err != nil {
		return nil, err
	}
	sent := request.Clone(request.Context())
	sent.URL.Path = strings.TrimSuffix(sent.URL.Path, path)
	sent.URL.RawPath = ""
	sent.Header.Set("Content-Type", "application/json")
	sent.ContentLength = int64(len(body))
	sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	sent.Body, err = sent.GetBody()
	return sent, err
}
