package nexus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Kinds of errors, for errors.Is.
var (
	// ErrInvalidRequest is 400, 413, 415 and 422: Details names what is wrong with the request.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrAuthentication is 401: the key or token is missing, wrong or revoked.
	ErrAuthentication = errors.New("not signed in")
	// ErrBudgetExceeded is 402: a hard budget does not cover the call.
	ErrBudgetExceeded = errors.New("budget exceeded")
	// ErrPermissionDenied is 403: a role is missing.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrNotFound is 404: the organization has no such record.
	ErrNotFound = errors.New("not found")
	// ErrConflict is 409: another request was first, or the state does not allow it.
	ErrConflict = errors.New("conflict")
	// ErrRateLimit is 429, after all retries.
	ErrRateLimit = errors.New("rate limit exceeded")
	// ErrServer is 5xx, after all retries.
	ErrServer = errors.New("server error")
	// ErrConnection says that no answer came, after all retries.
	ErrConnection = errors.New("no connection")
)

// Error is an error that the API returned. Use errors.As to read it and errors.Is with the kinds above.
type Error struct {
	// Status is that of HTTP; 0 when there was no answer.
	Status int
	// Code names the error, such as RESOURCE_NOT_FOUND.
	Code    string
	Message string
	Details map[string]any
	// Suggestion says what to do about it.
	Suggestion string
	TraceID    string
	RequestID  string

	kind  error
	cause error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Is says whether the error is of a kind.
func (e *Error) Is(target error) bool { return e.kind == target }

func (e *Error) Unwrap() error { return e.cause }

func kindOf(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return ErrInvalidRequest
	case http.StatusUnauthorized:
		return ErrAuthentication
	case http.StatusPaymentRequired:
		return ErrBudgetExceeded
	case http.StatusForbidden:
		return ErrPermissionDenied
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusTooManyRequests:
		return ErrRateLimit
	}
	if status >= http.StatusInternalServerError {
		return ErrServer
	}
	return nil
}

// errorOf reads the error of an answer, also of one that something in between gave.
func errorOf(status int, body []byte) *Error {
	var envelope struct {
		Error struct {
			Code       string         `json:"code"`
			Message    string         `json:"message"`
			Details    map[string]any `json:"details"`
			Suggestion string         `json:"suggestion"`
			TraceID    string         `json:"trace_id"`
		} `json:"error"`
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal(body, &envelope)
	found := envelope.Error
	if found.Code == "" {
		found.Code = fmt.Sprintf("HTTP_%d", status)
	}
	if found.Message == "" {
		found.Message = fmt.Sprintf("The server answered %d", status)
	}
	return &Error{
		Status: status, Code: found.Code, Message: found.Message, Details: found.Details, Suggestion: found.Suggestion,
		TraceID: found.TraceID, RequestID: envelope.RequestID, kind: kindOf(status),
	}
}

func connectionError(cause error) *Error {
	return &Error{
		Code: "CONNECTION_FAILED", Message: fmt.Sprintf("The server did not respond: %v", cause),
		Suggestion: "Check the address and that the platform is running.", kind: ErrConnection, cause: cause,
	}
}
