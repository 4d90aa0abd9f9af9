{{/* What the pods of both roles have in common. Scope: root, role. */}}

{{- define "conjoin.podMetadata" -}}
{{- $values := index .root.Values .role -}}
labels:
  {{- include "conjoin.labels" . | nindent 2 }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The restricted Pod Security Standard, and where the pod may run. */}}
{{- define "conjoin.podSpec" -}}
{{- $values := index .root.Values .role -}}
serviceAccountName: conjoin-{{ .role }}
automountServiceAccountToken: true
enableServiceLinks: false
# A stop takes 30 seconds at most, after the sleep of a primary.
terminationGracePeriodSeconds: 45
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "conjoin.container" -}}
{{- $values := index .root.Values .role -}}
image: {{ include "conjoin.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  {{- include "conjoin.containerSecurity" . | nindent 2 }}
startupProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 10
readinessProbe:
  httpGet: { path: /readyz, port: admin }
  periodSeconds: 5
{{- end }}

{{- define "conjoin.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "conjoin.commonArgs" -}}
- --admin-listen=0.0.0.0:8080
- --log-level={{ .Values.logLevel }}
- --multicluster={{ .Values.multicluster.enabled }}
{{- end }}

{{/* The holder of the lease is the pod: a container that restarts in it takes its own lease at once. */}}
{{- define "conjoin.commonEnv" -}}
- name: CONJOIN_IDENTITY
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
{{- end }}
