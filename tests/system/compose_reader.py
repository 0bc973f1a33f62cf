# SPDX-License-Identifier: BSD-2-Clause
"""A compose file as podman commands, where there is no compose: what the file
says is what is run. It knows the keys that docker/compose.yaml has and refuses
all others, so that nothing there goes untested."""
import os
import re

import yaml

SERVICE_KEYS = {"image", "build", "network_mode", "environment", "volumes",
                "healthcheck", "depends_on", "command", "profiles"}


def interpolate(value, environment):
    """${NAME:-default} in every text below `value`."""
    if isinstance(value, dict):
        return {k: interpolate(v, environment) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolate(v, environment) for v in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{(\w+):-([^}]*)\}",
                  lambda m: environment.get(m.group(1)) or m.group(2), value)


class Compose:
    def __init__(self, path, **environment):
        self.directory = os.path.dirname(os.path.abspath(path))
        with open(path, encoding="utf-8") as f:
            text = interpolate(yaml.safe_load(f), environment)
        self.name = text["name"]
        self.services = text["services"]
        self.volumes = text["volumes"]
        for name, service in self.services.items():
            unknown = set(service) - SERVICE_KEYS
            if unknown:
                raise ValueError("%s: %s: the reader knows no %s" % (
                    path, name, ", ".join(sorted(unknown))))

    def path(self, path):
        return os.path.normpath(os.path.join(self.directory, path))

    def build_words(self):
        """Of `buildah bud`, the same for all services."""
        builds = [(s["build"]["context"], s["build"]["dockerfile"],
                   s["image"]) for s in self.services.values()]
        (context, dockerfile, image), = set(builds)
        return ["-f", os.path.join(self.path(context), dockerfile),
                "-t", image, self.path(context)]

    def container(self, name):
        return "%s-%s" % (self.name, name)

    def mount(self, text):
        source, rest = text.split(":", 1)
        if source.startswith("."):
            return self.path(source) + ":" + rest
        if source not in self.volumes:
            raise ValueError("volume %s is not among volumes" % source)
        return "%s-%s:%s" % (self.name, source, rest)

    def run_words(self, name):
        """Of `podman run`, image and command included."""
        service = self.services[name]
        words = ["--name", self.container(name),
                 "--network", service["network_mode"]]
        for key, value in service.get("environment", {}).items():
            words += ["--env", "%s=%s" % (key, value)]
        for volume in service.get("volumes", []):
            words += ["--volume", self.mount(volume)]
        return words + [service["image"]] + service.get("command", [])

    def health_words(self, name):
        """The command that tells whether the service is healthy."""
        how, *words = self.services[name]["healthcheck"]["test"]
        if how != "CMD":
            raise ValueError("healthcheck: %s" % how)
        return words

    def needs(self, name):
        """{service: condition} that must hold before this one starts."""
        needs = self.services[name].get("depends_on", [])
        if isinstance(needs, list):
            return {n: "service_started" for n in needs}
        return {n: c["condition"] for n, c in needs.items()}
