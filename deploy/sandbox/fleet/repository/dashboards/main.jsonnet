local panels = import 'panels.libsonnet';

function(cluster) [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'dashboard-' + service, labels: { grafana_dashboard: '1' } },
    data: {
      'dashboard.json': std.manifestJsonEx({
        title: '%s on %s' % [service, cluster],
        panels: [panels.panel('Requests', panels.rate(service))],
      }, '  '),
    },
  }
  for service in ['orders', 'payments', 'shop']
]
