package {{module}}

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const retryWaitMax = 60 * time.Second

// APIError is an error that the API returned.
type APIError struct {
	StatusCode int
	Body       []byte
}

func (e *APIError) Error() string { return fmt.Sprintf("the API returned %d", e.StatusCode) }

// Check answers an *APIError for a status of 400 and above.
func Check(status int, body []byte) error {
	if status < 400 {
		return nil
	}
	return &APIError{StatusCode: status, Body: body}
}

// NewAPI makes a client that retries. An HTTP client given as an option takes the place of the one that retries.
func NewAPI(server string, options ...ClientOption) (*ClientWithResponses, error) {
	first := []ClientOption{WithHTTPClient(&RetryDoer{Doer: &http.Client{Timeout: 60 * time.Second}, MaxRetries: 3})}
	options = append(first, options...)
	return NewClientWithResponses(server, {{all_options}}...)
}

// WithBearer sends a bearer token.
func WithBearer(token string) ClientOption {
	return WithAPIKey("header", "Authorization", "Bearer "+token)
}

// WithBasic sends a name and a password.
func WithBasic(user, password string) ClientOption {
	return WithAPIKey("header", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

// WithAPIKey sends a key in a "header", the "query" or a "cookie".
func WithAPIKey(in, name, value string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		switch in {
		case "query":
			query := request.URL.Query()
			query.Set(name, value)
			request.URL.RawQuery = query.Encode()
		case "cookie":
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		default:
			request.Header.Set(name, value)
		}
		return nil
	})
}

// RetryDoer sends requests again when the API asks for it.
type RetryDoer struct {
	Doer       HttpRequestDoer
	MaxRetries int
}

// Do sends a request. It waits as Retry-After says, at most a minute, and ends with the context of the request.
func (d *RetryDoer) Do(request *http.Request) (*http.Response, error) {
	repeatable := request.Method != http.MethodPost && request.Method != http.MethodPatch
	for attempt := 0; ; attempt++ {
		if attempt > 0 && request.GetBody != nil {
			body, err := request.GetBody()
			if err != nil {
				return nil, err
			}
			request.Body = body
		}
		answer, err := d.Doer.Do(request)
		last := attempt >= d.MaxRetries || (request.Body != nil && request.GetBody == nil)
		if err != nil {
			if last || !repeatable || request.Context().Err() != nil {
				return nil, err
			}
		} else if last || !mayRetry(answer.StatusCode, repeatable) {
			return answer, nil
		}
		wait := time.Duration(float64(250*time.Millisecond) * float64(int(1)<<attempt) * (0.5 + rand.Float64()/2))
		if answer != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
			_ = answer.Body.Close()
			wait = retryAfter(answer.Header.Get("Retry-After"), wait)
		}
		select {
		case <-request.Context().Done():
			return nil, request.Context().Err()
		case <-time.After(min(max(wait, 0), retryWaitMax)):
		}
	}
}

func mayRetry(status int, repeatable bool) bool {
	return status == 429 || status == 503 || (repeatable && (status == 502 || status == 504))
}

func retryAfter(header string, otherwise time.Duration) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		return time.Duration(seconds * float64(time.Second))
	}
	if date, err := http.ParseTime(header); err == nil {
		return time.Until(date)
	}
	return otherwise
}
