{{/*
Whether what must exist does, with the command that creates it. Only a cluster can say: "helm template" asks none, and lists
nothing. A list from a cluster has items, even if there are none.
*/}}
{{- define "gateway.check.existing" -}}
{{- $own := .Values.existing }}
{{- $space := .Release.Namespace }}
{{- if and $own.check (hasKey (lookup "v1" "ConfigMap" $space "") "items") }}
{{- $settings := .Values.settings }}
{{- include "gateway.check.secret" (dict "space" $space "name" $own.secret "keys" (list "SECRET_KEY" "DATABASE_URL") "create" "generic NAME --from-literal=SECRET_KEY=\"$(npm run -s secret-key)\" --from-literal=DATABASE_URL='postgres://...'") }}
{{- if eq (include "gateway.setting" (dict "settings" $settings "name" "TLS")) "on" }}
{{- include "gateway.check.secret" (dict "space" $space "name" $own.tls "keys" (list "tls.crt" "tls.key") "create" "tls NAME --cert=fullchain.pem --key=privkey.pem") }}
{{- end }}
{{- with $own.files }}
{{- $files := list }}
{{- range list "UPSTREAM_SECRETS_FILE" "ACCOUNTS_KEY_FILE" "UPSTREAM_CA_FILE" "TRUSTED_ISSUERS_FILE" }}
{{- with index $settings . }}{{ $files = append $files (trimPrefix "/files/" .) }}{{ end }}
{{- end }}
{{- include "gateway.check.secret" (dict "space" $space "name" . "keys" $files "create" "generic NAME --from-file=...") }}
{{- end }}
{{- $policy := lookup "v1" "ConfigMap" $space $own.policy }}
{{- if not (hasKey ($policy.data | default dict) "scopes.yml") }}
The ConfigMap "{{ $own.policy }}" with the policy is missing, or has no scopes.yml. Create it: kubectl -n {{ $space }} create configmap {{ $own.policy }} --from-file=scopes.yml
{{- end }}
{{- end }}
{{- end }}

{{- define "gateway.check.secret" -}}
{{- $secret := lookup "v1" "Secret" .space .name }}
{{- if not $secret }}
The Secret "{{ .name }}" is missing. Create it: kubectl -n {{ .space }} create secret {{ .create | replace "NAME" .name }}
{{- else }}
{{- range .keys }}
{{- if not (hasKey ($secret.data | default dict) .) }}
The Secret "{{ $.name }}" has no {{ . }}. Add it: kubectl -n {{ $.space }} edit secret {{ $.name }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
