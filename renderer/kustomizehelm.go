package main

// inflated gives a kustomization as kustomize is to see it: without its charts.
func (b *build) inflated(k *kustomization, name string) ([]byte, error) {
	charts := items(k.field("helmCharts"))
	charts = append(charts, items(k.field("helmChartInflationGenerator"))...)
	if len(charts) > 0 && b.params.EnableHelm {
		fault := &Fault{Code: CodeNotSupported, Path: b.shown(name), Message: "helmCharts are not supported in this version"}
		b.refuse(fault)
		return nil, fault
	}
	return k.data, nil
}
