{{/* Each of these changes a manifest in place and prints nothing: Go's templates pass dictionaries by reference. */}}

{{- define "gateway.changeService" -}}
{{- $values := .root.Values }}
{{- if eq .object.metadata.name "gateway" }}
{{- $spec := .object.spec }}
{{- $type := $values.service.type | default (ternary "ClusterIP" "LoadBalancer" (eq (include "gateway.edge" .root) "true")) }}
{{- $_ := set $spec "type" $type }}
{{- if eq $type "ClusterIP" }}{{ $_ := unset $spec "externalTrafficPolicy" }}{{ end }}
{{- with $values.service.sourceRanges }}{{ $_ := set $spec "loadBalancerSourceRanges" . }}{{ end }}
{{- with $values.service.annotations }}{{ $_ := set $.object.metadata "annotations" . }}{{ end }}
{{- if eq (include "gateway.setting" (dict "settings" $values.settings "name" "TLS")) "off" }}
{{- /* nginx does not listen there. */}}
{{- $ports := list }}
{{- range $spec.ports }}{{ if ne .name "https" }}{{ $ports = append $ports . }}{{ end }}{{ end }}
{{- $_ := set $spec "ports" $ports }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gateway.changePodDisruptionBudget" -}}{{- end }}

{{- define "gateway.changeNetworkPolicy" -}}
{{- $network := .root.Values.network }}
{{- $name := .object.metadata.name }}
{{- $spec := .object.spec }}
{{- if eq $name "dns" }}
{{- $_ := set (first $spec.egress) "to" (include "gateway.peers" $network.dns | fromYamlArray) }}
{{- else if eq $name "database" }}
{{- $_ := set $spec "egress" (list (include "gateway.rule" $network.database | fromYaml)) }}
{{- else if has $name (list "mcp-servers" "mcp-servers-checks") }}
{{- $rule := first $spec.ingress }}
{{- range $network.mcpServers.ports }}{{ $_ := set $rule "ports" (append $rule.ports (dict "port" .)) }}{{ end }}
{{- end }}
{{- range $spec.ingress }}
{{- range .from }}
{{- if .namespaceSelector }}
{{- $_ := set .namespaceSelector.matchLabels "kubernetes.io/metadata.name" $network.monitoring.namespace }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* An outbound rule to a namespace, networks, or both, at one port. */}}
{{- define "gateway.rule" -}}
to: {{- include "gateway.peers" . | nindent 2 }}
ports: [{ port: {{ .port }} }]
{{- end }}
