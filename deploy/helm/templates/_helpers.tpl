{{/* Labels of everything that the chart creates. */}}
{{- define "gateway.labels" -}}
app.kubernetes.io/part-of: mcp-gateway
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The value of a setting as text. Helm reads 4194304 as a float, and YAML reads on and off as booleans. */}}
{{- define "gateway.setting" -}}
{{- $value := index .settings .name -}}
{{- if and (eq .name "TLS") (kindIs "bool" $value) -}}{{ ternary "on" "off" $value }}
{{- else if kindIs "float64" $value -}}{{ int64 $value }}
{{- else if not (kindIs "invalid" $value) -}}{{ $value }}
{{- end -}}
{{- end }}

{{/* The data of the ConfigMap "settings". A setting without a value counts as unset. */}}
{{- define "gateway.settings" -}}
{{- range $name := keys .Values.settings | sortAlpha }}
{{- $value := include "gateway.setting" (dict "settings" $.Values.settings "name" $name) }}
{{- if $value }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The MCP servers of the registry's first start. */}}
{{- define "gateway.servers" -}}
{{- $text := .Files.Get "manifests/base/servers.yml" -}}
{{- if .Values.currenttime.enabled }}{{ $text }}
{{- else }}
{{- $servers := list }}
{{- range fromYamlArray $text }}{{ if ne .name "currenttime" }}{{ $servers = append $servers . }}{{ end }}{{ end }}
{{- toYaml $servers }}
{{- end }}
{{- end }}

{{/* Whether something in front of the gate ends TLS: "true", or nothing. */}}
{{- define "gateway.edge" -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled }}true{{ end }}
{{- end }}

{{/* Whether TOOL_CHANGES is refuse: "true", or nothing. */}}
{{- define "gateway.refusesToolChanges" -}}
{{- if eq (toString .Values.settings.TOOL_CHANGES) "refuse" }}true{{ end }}
{{- end }}

{{/* The values of a Deployment that may have several replicas: gate, auth-server. */}}
{{- define "gateway.scaled" -}}
{{- toYaml (index (dict "gate" .root.Values.gate "auth-server" .root.Values.authServer) .name) }}
{{- end }}

{{/* The host of REGISTRY_URL, without its port. */}}
{{- define "gateway.host" -}}
{{- (urlParse (toString (default "" .Values.settings.REGISTRY_URL))).hostname -}}
{{- end }}

{{/* The peers of a network rule, of a namespace and networks. All addresses means all public ones. */}}
{{- define "gateway.peers" -}}
{{- with .namespace }}
- namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: {{ . }} } }
{{- end }}
{{- range .cidrs }}
{{- if eq . "0.0.0.0/0" }}
- ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16] }
{{- else if eq . "::/0" }}
- ipBlock: { cidr: "::/0", except: ["fc00::/7", "fe80::/10"] }
{{- else }}
- ipBlock: { cidr: {{ . | quote }} }
{{- end }}
{{- end }}
{{- end }}
