module reconciler/renderer

go 1.26.0

require (
	github.com/gobwas/glob v0.2.3
	go.yaml.in/yaml/v2 v2.4.2
	golang.org/x/sys v0.49.0
)

require sigs.k8s.io/yaml v1.6.0
