//go:build tools

// Package promtool names the program that the tests of the alerts run; it is never compiled itself.
package promtool

import _ "github.com/prometheus/prometheus/cmd/promtool"
