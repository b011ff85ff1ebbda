package main

import (
	"bytes"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// mostExpandedNodes is far above the largest published CRD; every alias counts as much as what it stands for.
const mostExpandedNodes = 2_000_000

// checkAliases refuses text that means far more than it says, or itself: kyaml copies what an alias stands for into its
// place without counting. What is not YAML passes.
func checkAliases(text []byte) *Fault {
	if !mayHoldAnchors(text) {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	count := nodeCount{sizes: map[*yaml.Node]int{}}
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return nil // the end, or what kustomize will say itself
		}
		count.total += count.of(&document)
		switch {
		case count.circular != nil:
			return invalid(count.circular.Line, "anchor '%s' value contains itself", count.circular.Value)
		case count.total > mostExpandedNodes:
			return invalid(document.Line, "document contains excessive aliasing")
		}
	}
}

// mayHoldAnchors tells whether an ampersand begins a word.
func mayHoldAnchors(text []byte) bool {
	for at := 0; ; at++ {
		next := bytes.IndexByte(text[at:], '&')
		if next < 0 {
			return false
		}
		at += next
		before := at == 0 || bytes.IndexByte([]byte(" \t\n[{,:"), text[at-1]) >= 0
		if before && at+1 < len(text) && bytes.IndexByte([]byte(" \t\r\n&=;"), text[at+1]) < 0 {
			return true
		}
	}
}

// nodeCount counts the nodes of documents as if each alias were what it stands for.
type nodeCount struct {
	sizes    map[*yaml.Node]int // of anchored nodes; 0 while one is being counted
	total    int
	circular *yaml.Node
}

func (c *nodeCount) of(node *yaml.Node) int {
	if node.Kind == yaml.AliasNode {
		size, counted := c.sizes[node.Alias]
		if counted && size == 0 {
			c.circular = node
		}
		return size
	}
	if node.Anchor != "" {
		c.sizes[node] = 0
	}
	size := 1
	for _, child := range node.Content {
		size = min(size+c.of(child), mostExpandedNodes+1)
	}
	if node.Anchor != "" {
		c.sizes[node] = size
	}
	return size
}
