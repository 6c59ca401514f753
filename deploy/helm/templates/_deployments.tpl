{{/* Each of these changes a manifest in place and prints nothing: Go's templates pass dictionaries by reference. */}}

{{- define "gateway.changeDeployment" -}}
{{- $values := .root.Values }}
{{- $name := .object.metadata.name }}
{{- $spec := .object.spec }}
{{- $pod := $spec.template.spec }}
{{- include "gateway.changeReplicas" . }}
{{- if and (eq $name "auth-server") (include "gateway.refusesToolChanges" .root) }}
{{- include "gateway.addRegistry" (dict "root" .root "pod" $pod) }}
{{- end }}
{{- range concat ($pod.initContainers | default list) $pod.containers }}
{{- include "gateway.changeContainer" (dict "root" $.root "container" .) }}
{{- end }}
{{- range $pod.volumes }}
{{- if eq .name "policy" }}{{ $_ := set .configMap "name" $values.existing.policy }}{{ end }}
{{- if eq .name "tls" }}{{ $_ := set .secret "secretName" $values.existing.tls }}{{ end }}
{{- end }}
{{- if and $values.existing.files (has $name (list "gate" "auth-server")) }}
{{- include "gateway.addFiles" (dict "root" .root "pod" $pod) }}
{{- end }}
{{- with $values.pods }}
{{- if .nodeSelector }}{{ $_ := set $pod "nodeSelector" .nodeSelector }}{{ end }}
{{- if .tolerations }}{{ $_ := set $pod "tolerations" .tolerations }}{{ end }}
{{- if .priorityClassName }}{{ $_ := set $pod "priorityClassName" .priorityClassName }}{{ end }}
{{- end }}
{{- with $values.images.pullSecrets }}
{{- $secrets := list }}
{{- range . }}{{ $secrets = append $secrets (dict "name" .) }}{{ end }}
{{- $_ := set $pod "imagePullSecrets" $secrets }}
{{- end }}
{{- /* A change of a setting restarts the pods one by one. */}}
{{- $sum := printf "%s\n%s" (include "gateway.settings" .root) (include "gateway.servers" .root) | sha256sum }}
{{- $_ := set $spec.template.metadata "annotations" (merge (dict "checksum/settings" $sum) $values.pods.annotations) }}
{{- end }}

{{/* With autoscaling, an upgrade keeps the number of replicas that is there. */}}
{{- define "gateway.changeReplicas" -}}
{{- $name := .object.metadata.name }}
{{- if has $name (list "gate" "auth-server") }}
{{- $own := include "gateway.scaled" (dict "root" .root "name" $name) | fromYaml }}
{{- $_ := set .object.spec "replicas" $own.replicas }}
{{- if $own.autoscaling.enabled }}
{{- $live := lookup "apps/v1" "Deployment" .root.Release.Namespace $name }}
{{- if $live }}{{ $_ := set .object.spec "replicas" $live.spec.replicas }}{{ else }}{{ $_ := unset .object.spec "replicas" }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "gateway.changeContainer" -}}
{{- $values := .root.Values }}
{{- $image := ternary $values.images.nginx $values.images.gateway (eq .container.image "mcp-gateway-nginx") }}
{{- $_ := set .container "image" (printf "%s:%s" $image.repository (default .root.Chart.AppVersion $image.tag)) }}
{{- $_ := set .container "imagePullPolicy" $values.images.pullPolicy }}
{{- with index $values.resources .container.name }}
{{- $_ := set $.container "resources" (mustMergeOverwrite $.container.resources (deepCopy .)) }}
{{- end }}
{{- range .container.env }}
{{- if .valueFrom }}{{ $_ := set .valueFrom.secretKeyRef "name" $values.existing.secret }}{{ end }}
{{- end }}
{{- end }}

{{/* The patch of manifests/tool-changes: a registry beside the auth-server, and the folder of the approved tools. */}}
{{- define "gateway.addRegistry" -}}
{{- $patch := (.root.Files.Get "manifests/tool-changes/auth-server.yaml" | fromYaml).spec.template.spec }}
{{- $own := first .pod.containers }}
{{- $more := first $patch.containers }}
{{- $_ := set $own "env" (concat $own.env $more.env) }}
{{- $_ := set $own "volumeMounts" (concat $own.volumeMounts $more.volumeMounts) }}
{{- $_ := set .pod "volumes" (concat .pod.volumes $patch.volumes) }}
{{- $_ := set .pod "initContainers" $patch.initContainers }}
{{- $_ := set .pod "securityContext" (merge $patch.securityContext .pod.securityContext) }}
{{- end }}

{{/* The folder /files. Only the group of the pod may read it: the gateway warns about secrets that all users may read. */}}
{{- define "gateway.addFiles" -}}
{{- range concat (.pod.initContainers | default list) .pod.containers }}
{{- if has .name (list "auth-server" "registry" "relay") }}
{{- $_ := set . "volumeMounts" (append .volumeMounts (dict "name" "files" "mountPath" "/files" "readOnly" true)) }}
{{- end }}
{{- end }}
{{- /* nginx gets the certificates only, not the secrets beside them. */}}
{{- $ca := toString (.root.Values.settings.UPSTREAM_CA_FILE | default "") }}
{{- range .pod.containers }}
{{- if and $ca (eq .name "nginx") }}
{{- $_ := set . "volumeMounts" (append .volumeMounts (dict "name" "files" "mountPath" $ca "subPath" (base $ca) "readOnly" true)) }}
{{- end }}
{{- end }}
{{- $secret := dict "secretName" .root.Values.existing.files "defaultMode" 288 }}
{{- $_ := set .pod "volumes" (append .pod.volumes (dict "name" "files" "secret" $secret)) }}
{{- if not .pod.securityContext.fsGroup }}{{ $_ := set .pod.securityContext "fsGroup" 1000 }}{{ end }}
{{- end }}
