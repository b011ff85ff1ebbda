{
  // A panel with one query.
  panel(title, query):: { title: title, targets: [{ expr: query }] },

  rate(what):: 'rate(%s_requests_total[5m])' % what,
}
