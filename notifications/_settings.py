"""What the settings of several channels mean: secrets, certificates, this machine's own address."""

import os
import ssl
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from nostop.model import PluginError


def secret(channel: str, variable: str) -> str:
    """Return what an environment variable holds.

    Raises:
        PluginError: it is not set, or is empty.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise PluginError(f"{channel}: set the environment variable {variable}: it holds a secret")
    return value


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=8)
def tls(channel: str, ca_file: Path | None) -> ssl.SSLContext:
    """Return how a server proves who it is: by the authorities of `ca_file`, or of this machine.

    Raises:
        PluginError: the file cannot be read, or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise PluginError(
            f"{channel}: ca_file {ca_file} has no certificates that can be read (PEM): "
            f"{type(error).__name__}"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
