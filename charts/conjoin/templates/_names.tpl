{{/* Whether this cluster is a primary: said outright, or by the vendor's value. */}}
{{- define "conjoin.isPrimary" -}}
{{- if or .Values.primary.enabled .Values.multicluster.primary.create }}true{{ end }}
{{- end }}

{{- define "conjoin.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/*
The templates below take a scope: root, role (primary or secondary), name, and where they apply namespace, annotations.
*/}}

{{/* What pods are selected by; it can never change. */}}
{{- define "conjoin.selector" -}}
app.kubernetes.io/name: conjoin
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "conjoin.labels" -}}
{{ include "conjoin.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "conjoin.metadata" -}}
name: {{ .name }}
{{- if .namespace }}
namespace: {{ .namespace }}
{{- end }}
labels:
  {{- include "conjoin.labels" . | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "conjoin.subject" -}}
- kind: ServiceAccount
  name: conjoin-{{ .role }}
  namespace: {{ .root.Release.Namespace }}
{{- end }}

{{/* Whether an object that outlives the release is this release's to write: it is not there, or this release made it. */}}
{{- define "conjoin.isOurs" -}}
{{- $found := lookup .apiVersion .kind "" .name -}}
{{- if not $found -}}
true
{{- else -}}
{{- $annotations := $found.metadata.annotations | default dict -}}
{{- $release := printf "%s/%s" (get $annotations "meta.helm.sh/release-namespace") (get $annotations "meta.helm.sh/release-name") -}}
{{- if eq $release (printf "%s/%s" .root.Release.Namespace .root.Release.Name) }}true{{ end -}}
{{- end -}}
{{- end }}
