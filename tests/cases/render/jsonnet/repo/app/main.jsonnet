local names = import 'names.libsonnet';
local beside = import 'beside.libsonnet';

function(application, ports) [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: names.prefix + name },
    data: {
      tier: std.extVar('tier'),
      replicas: std.toString(std.extVar('replicas')),
      application: application,
      ports: std.join(',', [std.toString(port) for port in ports]),
    },
  }
  for name in beside.names
]
