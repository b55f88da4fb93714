"""The queries of the Grafana dashboard, beside what a daemon exports and what Prometheus makes of it.

usage: dashboard.py names DASHBOARD METRICS    each metric and label that it uses is in the page METRICS
       dashboard.py answers DASHBOARD URL      each query has an answer of the Prometheus at URL that is not empty
"""

import json
import re
import sys
import urllib.parse
import urllib.request

# Prometheus' own: what it adds to each series, and what it knows of each target.
OF_THE_SCRAPE = {"job", "instance"}


def queries(dashboard):
    """Each query with the labels that its legend shows."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"], re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
    for variable in dashboard["templating"]["list"]:
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable.get("definition", ""))
        if found:
            yield found[1], [found[2]]


def exported(path):
    """The labels of each metric of a page; a metric without samples has its name all the same."""
    labels = {}
    for line in open(path):
        if line.startswith("# TYPE "):
            labels.setdefault(line.split()[2], set())
        elif not line.startswith("#"):
            name, rest = re.match(r"(\w+)(.*)", line).groups()
            labels.setdefault(name, set()).update(re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', rest))
    labels["up"] = set()
    return labels


def misnamed(query, legend, metrics):
    """What the query names and nobody exports."""
    used = re.findall(r"\b(confd_\w+|up)\b(?:\{([^}]*)\})?", query)
    known = set(OF_THE_SCRAPE)
    for name, selector in used:
        if name not in metrics:
            yield f"no metric {name}"
        known |= metrics.get(name, set())
        for label in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', selector):
            if label not in metrics.get(name, set()) | OF_THE_SCRAPE:
                yield f"{name} has no label {label}"
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", query)
    for label in legend + re.findall(r"\w+", " ".join(grouped)):
        if label not in known:
            yield f"no label {label}"
    if not used:
        yield "no metric at all"


def answers(query, url):
    """How many series Prometheus answers with."""
    text = query.replace("$__rate_interval", "30s").replace("$job", "confd").replace("$instance", ".*")
    request = url + "/api/v1/query?" + urllib.parse.urlencode({"query": text})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return len(json.load(answer)["data"]["result"])


def main(what, path, other):
    dashboard = json.load(open(path))
    every = list(queries(dashboard))
    if len(every) < 20:
        sys.exit(f"only {len(every)} queries")
    if what == "names":
        metrics = exported(other)
        wrong = [f"{query}: {text}" for query, legend in every for text in misnamed(query, legend, metrics)]
    else:
        wrong = [f"{query}: no answer" for query, _ in every if answers(query, other) == 0]
    if wrong:
        sys.exit("\n".join(wrong))


main(*sys.argv[1:])
