"""The flags of each part of a sandbox control plane, as far as they differ from the parts' defaults.

etcd listens on Unix sockets inside its folder: no port, no other user of the machine, no TLS to pay for.
"""

from pathlib import Path

from reconciler.sandbox.certificates import Certificates
from reconciler.sandbox.places import MATERIAL

# etcd wants host:port in every URL; the socket is a file of this very name in the working directory.
ETCD_CLIENT_URL, ETCD_PEER_URL = "unix://etcd.sock:1", "unix://peer.sock:1"
SERVICE_CIDR, POD_CIDR, NODE_IP = "10.96.0.0/16", "10.0.0.0/16", "10.1.0.1"
ISSUER = "https://kubernetes.default.svc"


def etcd(data: Path) -> list[str]:
    return [
        "--name=sandbox",
        f"--data-dir={data}",
        f"--listen-client-urls={ETCD_CLIENT_URL}",
        f"--advertise-client-urls={ETCD_CLIENT_URL}",
        f"--listen-peer-urls={ETCD_PEER_URL}",
        f"--initial-advertise-peer-urls={ETCD_PEER_URL}",
        f"--initial-cluster=sandbox={ETCD_PEER_URL}",
        "--unsafe-no-fsync",
        f"--quota-backend-bytes={8 * 1024**3}",
        "--log-level=warn",
    ]


def apiserver(certificates: Certificates, *, address: str, port: int, tokens: Path) -> list[str]:
    return [
        f"--bind-address={address}",
        f"--secure-port={port}",
        # Endpoints of the service "kubernetes" may not be loopback addresses, and nothing here needs them.
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--etcd-servers={ETCD_CLIENT_URL}",
        f"--tls-cert-file={certificates.server}",
        f"--tls-private-key-file={certificates.server_key}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        # Pods get no tokens: kwok runs nothing that would use them, and no account has to exist first.
        "--disable-admission-plugins=ServiceAccount",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={certificates.service_account_key}",
        f"--service-account-signing-key-file={certificates.service_account_key}",
        f"--service-cluster-ip-range={SERVICE_CIDR}",
        "--profiling=false",
    ]


def audit(log: Path) -> list[str]:
    return [
        f"--audit-policy-file={MATERIAL / 'audit-policy.yaml'}",
        f"--audit-log-path={log}",
        # Written before the request ends, so that a test that has its answer finds the event; never rotated away.
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=1000000",
    ]


def controller_manager(kubeconfig: Path, certificates: Certificates) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--root-ca-file={certificates.ca}",
        f"--service-account-private-key-file={certificates.service_account_key}",
    ]


def scheduler(kubeconfig: Path) -> list[str]:
    return [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]


def kwok(kubeconfig: Path) -> list[str]:
    stages = sorted((MATERIAL / "stages").glob("*.yaml"))
    return [
        f"--kubeconfig={kubeconfig}",
        "--manage-all-nodes=true",
        f"--node-ip={NODE_IP}",
        f"--cidr={POD_CIDR}",
        *(f"--config={stage}" for stage in stages),
    ]
