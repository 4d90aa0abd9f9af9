//go:build tools

// Package helm names the program that the tests of the chart run; it is never compiled itself.
package helm

import _ "helm.sh/helm/v4/cmd/helm"
