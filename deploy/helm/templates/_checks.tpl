{{/* Stops with all that is wrong, one sentence each, before anything is rendered. The schema has checked the form. */}}
{{- define "gateway.checks" -}}
{{- $faults := "" }}
{{- range list "images" "settings" "edge" "scaling" "network" "existing" }}
{{- $faults = printf "%s\n%s" $faults (include (printf "gateway.check.%s" .) $ | trim) }}
{{- end }}
{{- $lines := list }}
{{- range splitList "\n" $faults }}{{ with trim . }}{{ $lines = append $lines (printf "- %s" .) }}{{ end }}{{ end }}
{{- if $lines }}
{{- fail (printf "\n\nThe gateway is not installed:\n%s\n" (join "\n" $lines)) }}
{{- end }}
{{- end }}

{{- define "gateway.check.images" -}}
{{- range $name := list "gateway" "nginx" }}
{{- if not (index $.Values.images $name).repository }}
images.{{ $name }}.repository is empty. Build and push the images (docs/helm.md), and name this one here.
{{- end }}
{{- end }}
{{- end }}

{{- define "gateway.check.settings" -}}
{{- $settings := .Values.settings }}
{{- $known := .Files.Get "known-settings.yaml" | fromYaml }}
{{- range $name := keys $settings | sortAlpha }}
{{- if has $name $known.secret }}
settings.{{ $name }} is secret. Remove it from the values, and put it into the Secret "{{ $.Values.existing.secret }}" under this key.
{{- else if has $name $known.fixed }}
settings.{{ $name }} is set by the chart itself. Remove it from the values.
{{- else if not (has $name $known.public) }}
settings.{{ $name }} is not a setting of the services in a cluster. docs/configuration.md has their names.
{{- end }}
{{- end }}
{{- range list "REGISTRY_URL" "COGNITO_USER_POOL_ID" "COGNITO_CLIENT_ID" }}
{{- if not (index $settings .) }}
settings.{{ . }} is missing. docs/cognito.md says where its value comes from.
{{- end }}
{{- end }}
{{- if and $settings.REGISTRY_URL (not (regexMatch "^https://[a-z0-9.-]+(:[0-9]+)?/?$" $settings.REGISTRY_URL)) }}
settings.REGISTRY_URL is {{ $settings.REGISTRY_URL }}. It must be https:// and the host in small letters, without a path.
{{- end }}
{{- if eq (toString $settings.COGNITO_USER_POOL_ID) "us-east-1_LocalPool" }}
settings.COGNITO_USER_POOL_ID is the local stand-in's, whose passwords are public. Create a user pool (docs/cognito.md).
{{- end }}
{{- if not (has (include "gateway.setting" (dict "settings" $settings "name" "TLS")) (list "on" "off")) }}
settings.TLS is {{ $settings.TLS }}. In a cluster it is "on", with a certificate in the Secret "{{ .Values.existing.tls }}", or "off" behind a proxy that ends TLS.
{{- end }}
{{- range $name := list "UPSTREAM_SECRETS_FILE" "ACCOUNTS_KEY_FILE" "UPSTREAM_CA_FILE" "TRUSTED_ISSUERS_FILE" }}
{{- $path := toString (index $settings $name | default "") }}
{{- if and $path (not (and $.Values.existing.files (hasPrefix "/files/" $path))) }}
settings.{{ $name }} is {{ $path }}, which no pod has. Put the file into a Secret, name that Secret in existing.files, and set this to /files/ and the file's name.
{{- end }}
{{- end }}
{{- end }}

{{- define "gateway.check.edge" -}}
{{- $settings := .Values.settings }}
{{- if include "gateway.edge" . }}
{{- if and .Values.ingress.enabled .Values.httpRoute.enabled }}
ingress.enabled and httpRoute.enabled are both true. Choose one.
{{- end }}
{{- if ne (include "gateway.setting" (dict "settings" $settings "name" "TLS")) "off" }}
settings.TLS is on. Set it to "off": the Ingress or HTTPRoute ends TLS and speaks http to the gateway, which would redirect to https for ever.
{{- end }}
{{- if not $settings.TRUSTED_PROXIES }}
settings.TRUSTED_PROXIES is missing. Set it to the networks of the pods in front of the gateway: otherwise all clients count as one address.
{{- end }}
{{- if .Values.service.sourceRanges }}
service.sourceRanges has no effect behind an Ingress or HTTPRoute. Remove it, and limit the clients there.
{{- end }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
httpRoute.parentRefs is empty. Name the Gateway that the route belongs to.
{{- end }}
{{- end }}

{{- define "gateway.check.scaling" -}}
{{- range $key := list "gate" "authServer" }}
{{- with (index $.Values $key).autoscaling }}
{{- if and .enabled (gt (int .min) (int .max)) }}
{{ $key }}.autoscaling.min is {{ .min }} and its max is {{ .max }}. The max must not be smaller.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gateway.check.network" -}}
{{- $network := .Values.network }}
{{- $settings := .Values.settings }}
{{- $exports := or $settings.OTEL_EXPORTER_OTLP_ENDPOINT $settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT }}
{{- if and $exports (not (or $network.collector.namespace $network.collector.cidrs)) }}
settings name an OpenTelemetry collector that no pod may reach. Set network.collector.namespace or .cidrs, and its port.
{{- end }}
{{- with $settings.EMBEDDINGS_URL }}
{{- if not (or $network.embeddings.namespace $network.embeddings.cidrs (regexMatch "^https://[^/:]+(:443)?(/|$)" .)) }}
settings.EMBEDDINGS_URL is {{ . }}, which no pod may reach: only port 443 of public addresses is open. Set network.embeddings.namespace or .cidrs, and its port.
{{- end }}
{{- end }}
{{- range list "database" "dns" }}
{{- with index $network . }}
{{- if not (or .namespace .cidrs) }}
network.database and network.dns each need a namespace or cidrs: without them the gateway cannot start.
{{- end }}
{{- end }}
{{- end }}
{{- range $network.mcpServers.elsewhere }}
{{- if not (or .namespace .cidrs) }}
An entry of network.mcpServers.elsewhere has neither a namespace nor cidrs. Say where these MCP servers are.
{{- end }}
{{- end }}
{{- end }}
