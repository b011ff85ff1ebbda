"""What the renderer is asked for by a Helm source."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import SourceError
from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import tool_settings_of
from reconciler.render.tools.build import Build, Release
from reconciler.render.tools.environment import NAME, Environment
from reconciler.render.tools.helm import HelmParams, Parameter, Place, ValueFile, helm_params

REFS = frozenset({"values", "shared"})


def asked(
    *, refs: frozenset[str] | None = None, folder: str = "charts/web", settings: str = "https, http", **helm: Any
) -> HelmParams:
    source = ApplicationSource.model_validate({"repoURL": "r", "path": folder, "helm": helm})
    build = Build(
        source=source,
        folder=folder,
        environment=Environment({NAME: "shop"}),
        settings=tool_settings_of({"helm.valuesFileSchemes": settings}),
        release=Release("shop", "market"),
        refs=refs,
    )
    return helm_params(build)


def places(*texts: str, refs: frozenset[str] | None = None, folder: str = "charts/web") -> list[tuple[str, str]]:
    files = asked(refs=refs, folder=folder, valueFiles=list(texts)).value_files
    return [(file.at.ref, file.at.path) for file in files]


def test_a_release_is_called_as_its_application_and_is_for_its_destination_unless_the_source_says_otherwise() -> None:
    plain, named = asked(), asked(releaseName="other", namespace="elsewhere")
    assert (plain.release_name, plain.namespace, plain.chart) == ("shop", "market", Place("", "charts/web"))
    assert (named.release_name, named.namespace) == ("other", "elsewhere")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("values-prod.yaml", "charts/web/values-prod.yaml"),
        ("./envs/prod.yaml", "charts/web/envs/prod.yaml"),
        ("../../envs/prod.yaml", "envs/prod.yaml"),
        ("/envs/prod.yaml", "envs/prod.yaml"),
        ("//envs/prod.yaml", "envs/prod.yaml"),
        ("$ARGOCD_APP_NAME.yaml", "charts/web/shop.yaml"),
        ("/${ARGOCD_APP_NAME}/x.yaml", "shop/x.yaml"),
        ("$NOBODY/x.yaml", "x.yaml"),
        ("a:b.yaml", "charts/web/a:b.yaml"),
    ],
)
def test_a_value_file_is_relative_to_the_chart_or_begins_at_the_root(text: str, path: str) -> None:
    assert places(text) == [("", path)]
    assert asked(fileParameters=[{"name": "a", "path": text}]).file_parameters[0].at == Place("", path)


@pytest.mark.parametrize("text", ["../../../x.yaml", "/../x.yaml", "/", "../..", "", "a\0b"])
def test_a_value_file_outside_the_repository_is_refused(text: str) -> None:
    for helm in ({"valueFiles": [text]}, {"fileParameters": [{"name": "a", "path": text}]}):
        with pytest.raises(SourceError, match="is no file inside its repository"):
            asked(folder="charts/web" if text else "", **helm)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("$values/envs/prod.yaml", ("values", "envs/prod.yaml")),
        ("$shared/x.yaml", ("shared", "x.yaml")),
        ("$values/$ARGOCD_APP_NAME.yaml", ("values", "shop.yaml")),
        ("envs/$values/x.yaml", ("", "charts/web/envs/x.yaml")),
        ("own.yaml", ("", "charts/web/own.yaml")),
    ],
)
def test_a_first_segment_with_a_dollar_is_a_source_of_the_same_application(text: str, place: tuple[str, str]) -> None:
    assert places(text, refs=REFS) == [place]
    assert asked(refs=REFS, fileParameters=[{"name": "a", "path": text}]).file_parameters[0].at == Place(*place)


@pytest.mark.parametrize(
    ("text", "refs", "words"),
    [
        ("$nobody/x.yaml", REFS, r"source referenced \$nobody, which is not one of the available sources"),
        ("$values/x.yaml", frozenset(), r"source referenced \$values, but no source has a `ref`"),
        ("$values/../x.yaml", REFS, "is no file inside its repository"),
        ("$values", REFS, "is no file inside its repository"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(text: str, refs: frozenset[str], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        places(text, refs=refs)


@pytest.mark.parametrize("text", ["envs/*.yaml", "envs/**/x.yaml", "a?.yaml", "[ab].yaml"])
def test_a_pattern_is_left_to_be_matched(text: str) -> None:
    assert asked(valueFiles=[text]).value_files == (ValueFile(Place("", f"charts/web/{text}"), pattern=True),)


def test_a_url_is_left_to_be_fetched() -> None:
    url = "https://example.com/$ARGOCD_APP_NAME.yaml"
    place = Place("", "", "https://example.com/shop.yaml")
    assert asked(valueFiles=[url]).value_files == (ValueFile(place),)
    assert asked(fileParameters=[{"name": "a", "path": url}]).file_parameters[0].at == place


@pytest.mark.parametrize(
    ("url", "schemes", "scheme"),
    [
        ("http://example.com/v.yaml", "https", "http"),
        ("https://example.com/v.yaml", "", "https"),
        ("file:///etc/passwd", "https, http", "file"),
        ("secrets+age-import:///x", "https, http", r"secrets\+age-import"),
    ],
)
def test_a_url_of_a_scheme_that_the_settings_do_not_name_is_refused(url: str, schemes: str, scheme: str) -> None:
    for helm in ({"valueFiles": [url]}, {"fileParameters": [{"name": "a", "path": url}]}):
        with pytest.raises(SourceError, match=f"the URL scheme '{scheme}' is not allowed"):
            asked(settings=schemes, **helm)


def test_values_of_parameters_are_substituted_and_inline_values_are_not() -> None:
    params = asked(
        values="a: $ARGOCD_APP_NAME",
        parameters=[{"name": "$ARGOCD_APP_NAME", "value": "$ARGOCD_APP_NAME-$$x"}, {"name": "b", "forceString": True}],
    )
    assert params.values == "a: $ARGOCD_APP_NAME"
    assert params.parameters == (
        Parameter("$ARGOCD_APP_NAME", "shop-$x", force_string=False),
        Parameter("b", "", force_string=True),
    )


def test_the_object_counts_where_there_are_both_inline_forms() -> None:
    assert asked(values="a: 1", valuesObject={"a": 2}).values == '{"a":2}'
    assert asked(values="a: 1", valuesObject={}).values == "a: 1"


def test_apis_are_the_clusters_unless_some_are_named() -> None:
    assert asked(apiVersions=[]).api_versions is None
    assert asked(apiVersions=["v1"]).api_versions == ("v1",)
