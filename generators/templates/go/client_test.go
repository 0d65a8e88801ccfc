package {{module}}

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
)

type exchange struct {
	Operation string                     `json:"operation"`
	Method    string                     `json:"go_name"`
	Order     []string                   `json:"path_order"`
	Path      map[string]json.RawMessage `json:"path"`
	Query     map[string]json.RawMessage `json:"query"`
	Headers   map[string]json.RawMessage `json:"headers"`
	Body      json.RawMessage            `json:"body"`
	Request   struct{ Method, Path, Query string }
	Response  struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
	Result json.RawMessage `json:"result"`
}

// expected is what the client makes of the answer.
func (e exchange) expected() json.RawMessage {
	if e.Request.Query != "" {
		return e.Result
	}
	return e.Response.Body
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mock answers as the mock of the API does, after it has refused some requests.
func mock(t *testing.T, exchanges []exchange, refused int) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if refused > 0 {
			refused--
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		var sent struct{ Query string }
		_ = json.NewDecoder(request.Body).Decode(&sent)
		for _, one := range exchanges {
			if one.Request.Method != request.Method || one.Request.Path != request.URL.EscapedPath() {
				continue
			}
			if one.Request.Query != "" && one.Request.Query != sent.Query {
				continue
			}
			for name, value := range one.Response.Headers {
				w.Header().Set(name, value)
			}
			w.WriteHeader(one.Response.Status)
			if string(one.Response.Body) != "null" {
				_, _ = w.Write(one.Response.Body)
			}
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	return server
}

// call calls an operation by its name, with arguments of the types that it takes.
func call(t *testing.T, client *ClientWithResponses, one exchange) (reflect.Value, error) {
	t.Helper()
	method := reflect.ValueOf(client).MethodByName(one.Method + "WithResponse")
	kind := method.Type()
	arguments := []reflect.Value{reflect.ValueOf(context.Background())}
	place := 0
	for index := 1; index < kind.NumIn()-1; index++ {
		taken := kind.In(index)
		value := reflect.New(taken)
		given := one.Body
		switch {
		case strings.HasSuffix(taken.String(), "Params") && taken.Kind() == reflect.Pointer:
			fields := map[string]json.RawMessage{}
			for name, field := range one.Query {
				fields[name] = field
			}
			for name, field := range one.Headers {
				fields[name] = field
			}
			given, _ = json.Marshal(fields)
		case place < len(one.Order):
			given = one.Path[one.Order[place]]
			place++
		}
		if err := json.Unmarshal(given, value.Interface()); err != nil {
			t.Fatalf("%s: %v", one.Operation, err)
		}
		arguments = append(arguments, value.Elem())
	}
	answers := method.Call(arguments)
	err, _ := answers[1].Interface().(error)
	return answers[0], err
}

func statusOf(answer reflect.Value) int {
	return int(answer.MethodByName("StatusCode").Call(nil)[0].Int())
}

func TestOperationsGiveTheAnswersOfTheMock(t *testing.T) {
	var exchanges []exchange
	read(t, "mock.json", &exchanges)
	server := os.Getenv("API_BASE_URL")
	if server == "" {
		server = mock(t, exchanges, 0).URL
	}
	client, err := NewAPI(server, WithBearer("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range exchanges {
		t.Run(one.Operation, func(t *testing.T) {
			answer, err := call(t, client, one)
			if err != nil {
				t.Fatal(err)
			}
			if status := statusOf(answer); status != one.Response.Status {
				t.Fatalf("status %d", status)
			}
			var found, expected any
			_ = json.Unmarshal(answer.Elem().FieldByName("Body").Bytes(), &found)
			_ = json.Unmarshal(one.expected(), &expected)
			if expected != nil && !reflect.DeepEqual(found, expected) {
				t.Fatalf("answered %v, not %v", found, expected)
			}
		})
	}
}

func TestPagesGiveEveryItem(t *testing.T) {
	answers := []string{`{"items":[1,2],"next":"b"}`, `{"items":[3],"next":null}`}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		asked = append(asked, request.URL.Query().Get("cursor"))
		_, _ = w.Write([]byte(answers[len(asked)-1]))
	}))
	defer server.Close()
	var found []int
	send := func(edit RequestEditorFn) (*http.Response, []byte, error) {
		request, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err == nil {
			err = edit(context.Background(), request)
		}
		if err != nil {
			return nil, nil, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, nil, err
		}
		defer answer.Body.Close()
		var body json.RawMessage
		err = json.NewDecoder(answer.Body).Decode(&body)
		return answer, body, err
	}
	for item, err := range pages[int](send, Paging{Kind: "cursor", Param: "cursor", NextField: "next", ItemsField: "items"}) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, item)
	}
	if !reflect.DeepEqual(found, []int{1, 2, 3}) || !reflect.DeepEqual(asked, []string{"", "b"}) {
		t.Fatalf("found %v, asked for %q", found, asked)
	}
}

func TestARefusedRequestIsSentAgain(t *testing.T) {
	var exchanges []exchange
	read(t, "mock.json", &exchanges)
	if len(exchanges) == 0 {
		return
	}
	client, _ := NewAPI(mock(t, exchanges, 2).URL)
	answer, err := call(t, client, exchanges[0])
	if err != nil || statusOf(answer) != exchanges[0].Response.Status {
		t.Fatalf("answered %v, %v", answer, err)
	}
	refusing := mock(t, exchanges, 1)
	once, _ := NewAPI(refusing.URL, WithHTTPClient(http.DefaultClient))
	answer, err = call(t, once, exchanges[0])
	if err != nil {
		t.Fatal(err)
	}
	var failure *APIError
	if err := Check(statusOf(answer), nil); !errors.As(err, &failure) || failure.StatusCode != 429 {
		t.Fatalf("failed with %v", err)
	}
}

func TestErrorsOfGraphQLAreErrorsWhateverTheStatus(t *testing.T) {
	var exchanges []exchange
	read(t, "mock.json", &exchanges)
	if len(exchanges) == 0 || exchanges[0].Request.Query == "" {
		return
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"errors":[{"message":"no"}]}`))
	}))
	defer server.Close()
	client, _ := NewAPI(server.URL)
	_, err := call(t, client, exchanges[0])
	var failure *APIError
	if !errors.As(err, &failure) || failure.StatusCode != 200 || string(failure.Body) != `{"errors":[{"message":"no"}]}` {
		t.Fatalf("failed with %v", err)
	}
}

func TestPagesPutThePositionIntoTheBody(t *testing.T) {
	answers := []string{`{"nodes":[1],"pageInfo":{"endCursor":"b","hasNextPage":true}}`, `{"nodes":[2],"pageInfo":{"endCursor":"c","hasNextPage":false}}`}
	var sent []string
	send := func(edit RequestEditorFn) (*http.Response, []byte, error) {
		request, _ := http.NewRequest(http.MethodPost, "http://localhost/query/things", strings.NewReader(`{"first":1}`))
		if err := edit(context.Background(), request); err != nil {
			return nil, nil, err
		}
		body, err := io.ReadAll(request.Body)
		sent = append(sent, string(body))
		return &http.Response{StatusCode: 200}, []byte(answers[len(sent)-1]), err
	}
	var found []int
	paging := Paging{Kind: "cursor", Param: "after", NextField: "pageInfo.endCursor", ItemsField: "nodes", InBody: true}
	for item, err := range pages[int](send, paging) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, item)
	}
	if !reflect.DeepEqual(found, []int{1, 2}) || !reflect.DeepEqual(sent, []string{`{"first":1}`, `{"after":"b","first":1}`}) {
		t.Fatalf("found %v, sent %q", found, sent)
	}
}
