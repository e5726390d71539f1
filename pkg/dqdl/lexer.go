package dqdl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	endOfFile tokenKind = iota
	word                // a name or keyword: letters, digits, _ and .
	integer
	decimal
	text   // a string; the token's text has no quotes, but its escapes
	symbol // one of ( ) [ ] { } , : = ! < > <= >= + - * / $ or now()
)

type token struct {
	kind       tokenKind
	text       string
	start, end int // in the source
}

const symbols = "()[]{},:=!<>+-*/$"

// lex splits a ruleset into tokens as Glue's lexer does (awslabs/dqdl, CommonLexerRules.g4).
func lex(source string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(source); {
		c := source[at]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			at++
		case c == '\r':
			return nil, problemAt(at, "a carriage return: Glue wants lines to end in a line feed alone")
		case c == '#':
			end := strings.IndexByte(source[at:], '\n')
			if end < 0 {
				return nil, problemAt(at, "the comment has no line end: Glue wants one after the last line, too")
			}
			at += end
		case c == '"':
			end := endOfString(source, at)
			if end < 0 {
				return nil, problemAt(at, "the string is not closed")
			}
			tokens = append(tokens, token{text, source[at+1 : end-1], at, end})
			at = end
		case strings.HasPrefix(source[at:], "now()"):
			tokens = append(tokens, token{symbol, "now()", at, at + 5})
			at += 5
		case isWordByte(c):
			end := at
			for end < len(source) && isWordByte(source[end]) {
				end++
			}
			tokens = append(tokens, token{kindOf(source[at:end]), source[at:end], at, end})
			at = end
		case strings.IndexByte(symbols, c) >= 0:
			end := at + 1
			if (c == '<' || c == '>') && strings.HasPrefix(source[end:], "=") {
				end++
			}
			tokens = append(tokens, token{symbol, source[at:end], at, end})
			at = end
		default:
			r, _ := utf8.DecodeRuneInString(source[at:])
			return nil, problemAt(at, "%q has no meaning here", r)
		}
	}
	return append(tokens, token{endOfFile, "the end of the file", len(source), len(source)}), nil
}

// endOfString returns the end of the string that starts at a quote, or -1.
func endOfString(source string, at int) int {
	for at++; at < len(source); at++ {
		switch source[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return -1
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '.'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func kindOf(s string) tokenKind {
	whole, fraction, isDecimal := strings.Cut(s, ".")
	switch {
	case allDigits(s):
		return integer
	case isDecimal && allDigits(whole) && allDigits(fraction):
		return decimal
	default:
		return word
	}
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// problem is something wrong at a place of the source.
type problem struct {
	at      int
	message string
}

func (p problem) Error() string { return p.message }

func problemAt(at int, format string, args ...any) problem {
	return problem{at, fmt.Sprintf(format, args...)}
}

// place returns line and column of a position, both from 1; columns are characters.
func place(source string, at int) (int, int) {
	before := source[:at]
	line := strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}
