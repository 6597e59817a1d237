"""Keys that a server issues."""
import json

from google.oauth2 import service_account

SCOPE = "https://www.googleapis.com/auth/devstorage.full_control"


def create_key(server, kind, name, *more):
    """What `caudal keys create` prints with --json: id, secret, …"""
    return json.loads(server.cli("keys", "create", name, "--kind", kind, "--json", *more).stdout)


def service_account_key(server, name="signer"):
    """Google's JSON key file, as a dict."""
    secret = create_key(server, "service-account", name)["secret"]
    return secret if isinstance(secret, dict) else json.loads(secret)


def credentials_of(key_file):
    return service_account.Credentials.from_service_account_info(key_file, scopes=[SCOPE])
