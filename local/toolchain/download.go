package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	downloadAttempts = 3
	retryPause       = 2 * time.Second
	// stallLimit is how long a download may bring nothing before it counts as broken.
	stallLimit = 30 * time.Second
)

var (
	errStalled = fmt.Errorf("nothing came for %s", stallLimit)
	// errRefused is an answer that another attempt would not change.
	errRefused = errors.New("refused")
)

// download fetches a file and gives it its name only when its digest is right.
func download(ctx context.Context, t task, url, file, sha256 string) error {
	var problems []error
	for attempt := 1; attempt <= downloadAttempts; attempt++ {
		err := downloadOnce(ctx, t, url, file, sha256)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		problems = append(problems, fmt.Errorf("attempt %d: %w", attempt, err))
		if errors.Is(err, errRefused) {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(retryPause):
		}
	}
	return fmt.Errorf("downloading %s: %w", url, errors.Join(problems...))
}

func downloadOnce(ctx context.Context, t task, url, file, digest string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stall := time.AfterFunc(stallLimit, func() { stop(errStalled) })
	defer stall.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return causeOr(ctx, err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusOK:
	case response.StatusCode >= 400 && response.StatusCode < 500:
		return fmt.Errorf("%w: %s", errRefused, response.Status)
	default:
		return errors.New(response.Status)
	}

	part, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".part-*")
	if err != nil {
		return err
	}
	defer func() {
		_ = part.Close()
		_ = os.Remove(part.Name()) // gone already after the rename
	}()
	hash := sha256.New()
	progress := &received{task: t, name: filepath.Base(file), total: response.ContentLength, stall: stall}
	if _, err := io.Copy(io.MultiWriter(part, hash, progress), response.Body); err != nil {
		return causeOr(ctx, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != digest {
		return fmt.Errorf("%w: its SHA-256 is %s and should be %s", errRefused, got, digest)
	}
	if err := part.Close(); err != nil {
		return err
	}
	if err := os.Chmod(part.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(part.Name(), file)
}

// causeOr prefers the reason for a cancellation over the error it led to.
func causeOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// received counts the bytes of a download and keeps it from being taken for stalled.
type received struct {
	task  task
	name  string
	total int64
	stall *time.Timer
	count int64
	shown time.Time
}

// Write implements io.Writer.
func (r *received) Write(data []byte) (int, error) {
	r.count += int64(len(data))
	r.stall.Reset(stallLimit)
	if now := time.Now(); now.Sub(r.shown) >= time.Second {
		r.shown = now
		r.task.detail(r.text())
	}
	return len(data), nil
}

func (r *received) text() string {
	const megabyte = 1 << 20
	if r.total > 0 {
		return fmt.Sprintf("%s: %d of %d MB", r.name, r.count/megabyte, r.total/megabyte)
	}
	return fmt.Sprintf("%s: %d MB", r.name, r.count/megabyte)
}
