package {{module}}

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Paging says how the answers of a list are split. Fields are dotted paths into the body.
type Paging struct {
	Kind       string
	Param      string
	SizeParam  string
	NextField  string
	ItemsField string
	// InBody: the position is a field of the body, as a variable of GraphQL is.
	InBody bool
}

type pageCall func(edit RequestEditorFn) (*http.Response, []byte, error)

var (
	linkPart = regexp.MustCompile(`<([^>]*)>([^<]*)`)
	relNext  = regexp.MustCompile(`(?i);\s*rel="?next"?(?:\s|;|,|$)`)
	address  = regexp.MustCompile(`^(https?:/)?/`)
)

// pages gives the items of all pages. Pages of another host are not followed.
func pages[T any](call pageCall, paging Paging) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		var next *url.URL
		cursor := ""
		var query url.Values
		seen := map[string]bool{}
		for {
			var sent *url.URL
			answer, body, err := call(func(_ context.Context, request *http.Request) error {
				if next != nil {
					// What authenticates may stand in the query of the first request.
					request.URL = next
				}
				sent = request.URL
				if cursor != "" {
					return withField(request, paging.Param, cursor)
				}
				return nil
			})
			if err == nil {
				err = Check(answer.StatusCode, body)
			}
			if err != nil {
				yield(zero, err)
				return
			}
			items, err := itemsOf[T](body, paging.ItemsField)
			if err != nil {
				yield(zero, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if paging.InBody {
				cursor = textAt(body, paging.NextField)
				if cursor == "" || seen[cursor] || isLast(body, paging.NextField) {
					return
				}
				seen[cursor] = true
				continue
			}
			query = sent.Query()
			following := following(paging, sent, query, answer.Header, body, len(items))
			if following == nil || seen[following.String()] {
				return
			}
			seen[following.String()] = true
			next = following
		}
	}
}

func itemsOf[T any](body []byte, field string) ([]T, error) {
	raw := json.RawMessage(body)
	if field != "" {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			return nil, err
		}
		raw = fields[field]
	}
	var items []T
	if len(raw) == 0 {
		return items, nil
	}
	err := json.Unmarshal(raw, &items)
	return items, err
}

func following(paging Paging, sent *url.URL, query url.Values, header http.Header, body []byte, count int) *url.URL {
	position := ""
	if paging.Kind == "link" {
		position = nextLink(strings.Join(header.Values("Link"), ", "))
	} else if paging.NextField != "" {
		position = textAt(body, paging.NextField)
	}
	if paging.Kind == "link" || address.MatchString(position) {
		found, err := sent.Parse(position)
		if position == "" || err != nil || found.Scheme != sent.Scheme || found.Host != sent.Host {
			return nil
		}
		return found
	}
	if paging.Param == "" || count == 0 {
		return nil
	}
	size, err := strconv.Atoi(query.Get(paging.SizeParam))
	short := err == nil && count < size
	now, err := strconv.Atoi(query.Get(paging.Param))
	switch paging.Kind {
	case "offset":
		if short {
			return nil
		}
		query.Set(paging.Param, strconv.Itoa(now+count))
	case "page":
		if short {
			return nil
		}
		if err != nil {
			now = 1
		}
		query.Set(paging.Param, strconv.Itoa(now+1))
	default:
		if position == "" {
			return nil
		}
		query.Set(paging.Param, position)
	}
	copied := *sent
	copied.RawQuery = query.Encode()
	return &copied
}

// withField puts a field into the JSON body of a request.
func withField(request *http.Request, name, value string) error {
	fields := map[string]any{}
	if request.Body != nil {
		text, err := io.ReadAll(request.Body)
		if err == nil && len(text) > 0 {
			err = json.Unmarshal(text, &fields)
		}
		if err != nil {
			return err
		}
	}
	fields[name] = value
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	request.Body, err = request.GetBody()
	request.ContentLength = int64(len(body))
	request.Header.Set("Content-Type", "application/json")
	return err
}

// isLast says whether a connection has no further page. It gives the cursor of its last item there, too.
func isLast(body []byte, path string) bool {
	more, known := valueAt(body, path[:strings.LastIndex(path, ".")+1]+"hasNextPage").(bool)
	return known && !more
}

func nextLink(header string) string {
	for _, found := range linkPart.FindAllStringSubmatch(header, -1) {
		if relNext.MatchString(found[2]) {
			return found[1]
		}
	}
	return ""
}

func valueAt(body []byte, path string) any {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil
	}
	for _, step := range strings.Split(path, ".") {
		fields, _ := value.(map[string]any)
		value = fields[step]
	}
	return value
}

func textAt(body []byte, path string) string {
	switch found := valueAt(body, path).(type) {
	case string:
		return found
	case float64:
		return strconv.FormatFloat(found, 'f', -1, 64)
	}
	return ""
}
