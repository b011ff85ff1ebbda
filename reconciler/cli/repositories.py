"""`repo add` and `repo list`: repositories and their credentials as Secrets in Argo CD's format."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.commands import command, group
from reconciler.cli.control import Control, connect
from reconciler.cli.output import OutputOption, dump, note, say, table
from reconciler.cli.problems import Problem
from reconciler.cli.secret import repository_secret_name, secret_of, store
from reconciler.cli.where import Where
from reconciler.errors import ReconcilerError
from reconciler.models.manifest import JsonObject
from reconciler.models.secrets import RepositorySecret
from reconciler.sources import ChartSources, GitSources, Trust, access_for, check_url
from reconciler.sources.urls import chart_url

COLUMNS = ("URL", "NAME", "TYPE", "KIND", "PROJECT", "CREDENTIALS")

repositories = group(
    "Repositories.", {"add": "reconciler.cli.repositories:add", "list": "reconciler.cli.repositories:listing"}
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to enter a repository. Secrets come from files or standard input: a command line is seen by everybody."""

    username: Annotated[str, typer.Option(help="For HTTPS; the password is read from standard input or asked.")] = ""
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Bearer token on standard input.")] = False
    ssh_key: Annotated[Path | None, typer.Option("--ssh-key", help="File with the private key.")] = None
    insecure: Annotated[bool, typer.Option("--insecure", help="Do not check the server's certificate.")] = False


class Kind(StrEnum):
    """What lies in a repository, in Argo CD's words."""

    GIT = "git"
    HELM = "helm"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class Registered:
    """How the repository is registered."""

    kind: Annotated[Kind, typer.Option("--type", help="Git, or charts over HTTP or in a registry.")] = Kind.GIT
    name: Annotated[str, typer.Option(help="A name to show; charts may call the repository by it.")] = ""
    project: Annotated[str, typer.Option(help="Only for this AppProject.")] = ""
    template: Annotated[
        bool, typer.Option("--template", help="Credentials for every repository whose URL begins with URL.")
    ] = False
    upsert: Annotated[bool, typer.Option("--upsert", help="Replace it if it is registered already.")] = False
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Do not look at the repository first.")] = False
    plain_http: Annotated[
        bool, typer.Option("--insecure-oci-force-http", help="Speak to the registry without TLS.")
    ] = False


@command(
    "reconciler repo add https://git.example/shop.git --username bot < password.txt",
    "reconciler repo add git@git.example:shop.git --ssh-key ~/.ssh/deploy",
    "reconciler repo add https://git.example/team/ --username bot --template < password.txt",
    "reconciler repo add https://charts.example/stable --type helm --name stable",
    "reconciler repo add registry.example/charts --type oci --username bot < password.txt",
)
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of the repository, without credentials.")],
    where: Where,
    credentials: Credentials,
    registered: Registered,
) -> None:
    """Register a repository with its credentials."""
    check_url(url) if registered.kind is Kind.GIT else chart_url(url)
    secret = repository_secret(url, registered, entered(credentials))
    with connect(where) as control:
        if not (registered.unchecked or registered.template):
            note(f"{url} {_tried(control, secret)}")
        created = store(control, secret, upsert=registered.upsert)
        say(f"{'credentials for' if registered.template else 'repository'} {url}: {'added' if created else 'updated'}")


@command("reconciler repo list", "reconciler repo list -o yaml")
def listing(where: Where, output: OutputOption = "text") -> None:
    """List registered repositories and credential templates; secrets are never shown."""
    with connect(where) as control:
        secrets = control.catalog.repositories()
    rows = [described(secret) for secret in secrets.parsed]
    for name, error in secrets.broken.items():
        note(f"secret {name} is left out: {error}")
    if output != "text":
        dump(rows, output)
    else:
        table(COLUMNS, ([str(row[column.lower()]) for column in COLUMNS] for row in rows))


def repository_secret(url: str, registered: Registered, data: dict[str, str]) -> JsonObject:
    """The Secret that registers a repository or a template."""
    name = repository_secret_name(url, registered.project, template=registered.template)
    whole = {"url": url, "type": registered.kind.value, "name": registered.name, "project": registered.project, **data}
    if registered.plain_http:
        whole["insecureOCIForceHttp"] = "true"
    return secret_of(name, "repo-creds" if registered.template else "repository", whole)


def described(secret: RepositorySecret) -> JsonObject:
    """What may be shown of a repository Secret: never what opens it."""
    return {
        "url": secret.url,
        "name": secret.name,
        "type": secret.type,
        "kind": "template" if secret.is_template else "repository",
        "project": secret.project,
        "credentials": means(secret),
    }


def means(secret: RepositorySecret) -> str:
    """By what a repository is entered, in words."""
    if secret.ssh_private_key:
        return "ssh key"
    if secret.github_app_private_key:
        return "GitHub App"
    if secret.bearer_token:
        return "bearer token"
    return f"user {secret.username}" if secret.username else "none"


def entered(credentials: Credentials) -> dict[str, str]:
    """The credentials as the Secret stores them. Raises Problem for a key file that cannot be read."""
    data = {"username": credentials.username, "insecure": "true" if credentials.insecure else ""}
    if credentials.username:
        data["password"] = _typed("Password")
    elif credentials.token_stdin:
        data["bearerToken"] = _typed("Token")
    if credentials.ssh_key:
        try:
            data["sshPrivateKey"] = credentials.ssh_key.expanduser().read_text()
        except OSError as error:
            raise Problem(f"{credentials.ssh_key}: {error.strerror}") from error
    return data


def _typed(what: str) -> str:
    text: str = typer.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise Problem(f"no {what.lower()} on standard input")
    return text.rstrip("\r\n")


def _tried(control: Control, secret: JsonObject) -> str:
    """What the repository shows to these credentials. Raises Problem."""
    parsed = RepositorySecret.parse(secret)
    try:
        return _shown(control, parsed)
    except ReconcilerError as error:
        mend = "mend the credentials, or pass --unchecked"
        raise Problem(f"repository {parsed.url} cannot be read: {error}", mend=mend) from error


def _shown(control: Control, secret: RepositorySecret) -> str:
    url = secret.url if secret.type == "git" else chart_url(secret.url)
    trust = Trust(tls_by_host=control.catalog.trusted_hosts())
    access = access_for(url, [secret], secret.project, trust=trust)
    if access.is_git:
        return f"answers: {len(GitSources(control.settings.data_dir, None).refs(access).heads)} branches and tags"
    if not ChartSources(None).answers(access):
        return "is a registry, which shows nothing until a chart is named"
    return "answers with an index of charts"
