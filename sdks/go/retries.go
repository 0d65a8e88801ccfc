package nexus

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const waitMax = time.Minute

// retrying sends a request again when that is safe: after 429 and 503 always; after 502, 504 and a lost connection when the method or
// an Idempotency-Key makes a repeat harmless. It waits as long as Retry-After says, at most a minute.
type retrying struct {
	client  *http.Client
	retries int
}

func (r *retrying) Do(request *http.Request) (*http.Response, error) {
	repeatable := request.Header.Get("Idempotency-Key") != ""
	switch request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		repeatable = true
	}
	for attempt := 0; ; attempt++ {
		sent := request
		if attempt > 0 && request.GetBody != nil {
			body, err := request.GetBody()
			if err != nil {
				return nil, err
			}
			sent = request.Clone(request.Context())
			sent.Body = body
		}
		response, err := r.client.Do(sent)
		isLast := attempt >= r.retries || (request.Body != nil && request.GetBody == nil)
		if err != nil {
			if isLast || !repeatable || request.Context().Err() != nil {
				return nil, err
			}
			if err := pause(request.Context(), waitOf("", attempt)); err != nil {
				return nil, err
			}
			continue
		}
		status := response.StatusCode
		again := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable ||
			(repeatable && (status == http.StatusBadGateway || status == http.StatusGatewayTimeout))
		if isLast || !again {
			return response, nil
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
		_ = response.Body.Close()
		if err := pause(request.Context(), waitOf(response.Header.Get("Retry-After"), attempt)); err != nil {
			return nil, err
		}
	}
}

// waitOf is what Retry-After says; otherwise longer with each attempt, with chance.
func waitOf(header string, attempt int) time.Duration {
	wait := time.Duration(float64(250*time.Millisecond) * float64(int(1)<<attempt) * (0.5 + rand.Float64()/2))
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		wait = time.Duration(seconds * float64(time.Second))
	} else if date, err := http.ParseTime(header); err == nil {
		wait = time.Until(date)
	}
	return min(max(wait, 0), waitMax)
}

func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
