"""Definitions of our own that use every construct of bake: the text of each file by its name."""

from __future__ import annotations

DEFINITIONS: dict[str, dict[str, str]] = {
    "plain": {
        "docker-bake.hcl": r"""
            target "web" {
              context = "sub"
              dockerfile = "web.Dockerfile"
              target = "final"
              args = { A = "1", EMPTY = "", NONE = null }
              labels = { "org.example.a" = "b" }
              tags = ["acme/web:1", "ghcr.io/acme/web"]
              no-cache = true
              pull = true
              no-cache-filter = ["build"]
            }
        """,
        "sub/web.Dockerfile": "FROM scratch AS final\n",
    },
    "groups": {
        "docker-bake.hcl": r"""
            group "default" {
              description = "What is released (daily)"
              targets = ["zeta", "tools"]
            }
            group "tools" {
              targets = ["mid", "alpha"]
            }
            group "every" {
              targets = ["default", "mid", "last"]
            }
            target "alpha" {
              description = "The first"
            }
            target "mid" {}
            target "zeta" {}
            target "last" {}
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "nested": {
        "docker-bake.hcl": r"""
            group "default" { targets = ["zeta", "loop"] }
            group "every" { targets = ["last", "default", "alpha"] }
            group "loop" { targets = ["loop", "alpha"] }
            target "alpha" {}
            target "last" {}
            target "loop" {}
            target "zeta" {}
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "default-matrix": {
        "docker-bake.hcl": r"""
            group "every" { targets = ["other", "default"] }
            target "default" {
              name = "app-${edition}"
              matrix = { edition = ["slim", "full"] }
            }
            target "other" {}
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "matrix": {
        "docker-bake.hcl": r"""
            group "default" { targets = ["app"] }
            target "app" {
              name = "app-${edition}-${replace(version, ".", "-")}"
              matrix = {
                edition = ["slim", "full"]
                version = ["1.2", "1.1"]
              }
              args = { EDITION = edition, VERSION = version }
              tags = ["acme/app:${version}-${edition}"]
            }
            target "items" {
              name = item.name
              matrix = {
                item = [{ name = "one", at = "linux/amd64" }, { name = "two", at = null }]
              }
              platforms = item.at == null ? [] : [item.at]
            }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "inherited": {
        "docker-bake.hcl": r"""
            target "_common" {
              labels = { vendor = "acme" }
              args = { A = "common", B = "common" }
              platforms = ["linux/amd64", "linux/arm64"]
            }
            target "docker-metadata-action" {
              dockerfile = "nowhere"
              tags = ["acme/meta:1"]
            }
            target "app" {
              inherits = ["_common", "docker-metadata-action"]
              dockerfile = "Dockerfile"
              args = { B = "app" }
            }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "linked": {
        "docker-bake.hcl": r"""
            group "default" { targets = ["app"] }
            target "deep" {
              dockerfile-inline = "FROM scratch"
              platforms = ["linux/amd64", "linux/arm64"]
            }
            target "base" {
              contexts = { deep = "target:deep" }
              dockerfile-inline = "FROM deep"
              tags = ["acme/base:1"]
              output = ["type=registry"]
              platforms = ["linux/amd64", "linux/arm64"]
            }
            target "tool" {
              dockerfile-inline = "FROM scratch"
            }
            target "app" {
              contexts = { base = "target:base", tool = "target:tool" }
              dockerfile-inline = "FROM base"
              platforms = ["linux/amd64", "linux/arm64"]
              tags = ["acme/app:1"]
            }
        """,
    },
    "overridden": {
        "docker-bake.hcl": r"""
            variable "TAG" { default = "1" }
            target "app" {
              tags = ["acme/app:${TAG}"]
              args = { X = "0", Y = "0" }
            }
        """,
        "docker-bake.override.json": '{"variable": {"TAG": {"default": "2"}}}',
        "docker-bake.override.hcl": 'target "app" {\n args = { X = "1" }\n}\n',
        "Dockerfile": "FROM scratch\n",
    },
    "merged": {
        "compose.yaml": "services:\n  app:\n    build: .\n    image: acme/app:compose\n",
        "docker-bake.json": '{"target": {"app": {"args": {"J": "json"}}, "json": {}}}',
        "docker-bake.hcl": 'target "app" {\n labels = { from = "hcl" }\n}\n',
        "Dockerfile": "FROM scratch\n",
    },
    "compose-default": {
        "compose.yaml": "services:\n  web:\n    build: .\n  job:\n    build: .\n",
        "docker-bake.hcl": 'target "other" {}\n',
        "Dockerfile": "FROM scratch\n",
    },
    "hcl-default": {
        "compose.yaml": "services:\n  web:\n    build: .\n  job:\n    build: .\n",
        "docker-bake.hcl": 'group "default" {\n targets = ["other", "job"]\n}\ntarget "other" {}\n',
        "Dockerfile": "FROM scratch\n",
    },
    "compose-includes": {
        "compose.yaml": """
            include: [more/compose.yaml]
            services:
              app:
                build: {context: ., args: [FROM_FILE]}
                env_file: more/app.env
              extended:
                extends: {file: ../shared/base.yaml, service: base}
                image: acme/extended
        """,
        "more/compose.yaml": "services:\n  included:\n    build: ./sub\n",
        "more/app.env": "FROM_FILE=yes\n",
        "more/sub/Dockerfile": "FROM scratch\n",
        "../shared/base.yaml": "services:\n  base:\n    build: {context: ctx, args: {A: '1'}}\n",
        "../shared/ctx/Dockerfile": "FROM scratch\n",
        "Dockerfile": "FROM scratch\n",
    },
    "compose": {
        "docker-compose.yml": """
            services:
              db:
                image: redis
              web.ui:
                image: acme/web:${TAG:-1}
                build:
                  context: ./web
                  dockerfile: ../Dockerfile
                  args: [A=1, B]
                  target: final
                  labels: {a: b}
                  network: none
                  shm_size: 64mb
                  extra_hosts: ["h:1.2.3.4"]
                  platforms: [linux/amd64, linux/arm64]
                  additional_contexts: {other: ./web}
                  secrets: [token]
                  x-bake:
                    tags: [acme/web:x]
                    cache-from: [type=gha]
                    pull: true
              job:
                build:
                  context: .
                  dockerfile_inline: FROM scratch
                  no_cache: true
                  ulimits: {nofile: 1024}
            secrets:
              token:
                environment: TOKEN
        """,
        ".env": "TAG=7\n",
        "Dockerfile": "FROM scratch AS final\n",
        "web/f": "",
    },
    "variables": {
        "docker-bake.hcl": r"""
            variable "WHERE" { default = "sub" }
            variable "LIST" {
              type = list(string)
              default = ["a", "b"]
            }
            variable "HOME_OF" { default = "${WHERE}/x" }
            function "shout" {
              params = [text]
              result = upper(text)
            }
            target "app" {
              context = WHERE
              args = {
                A = "$${HOME} %%{ if x } $HOME"
                B = shout(join("-", LIST))
                C = notequal("", HOME_OF) ? "yes" : "no"
                D = BAKE_CMD_CONTEXT
              }
              labels = { "a.$${b}" = "$${c}" }
              dockerfile-inline = <<EOT
            FROM scratch
            ENV A=$${B} C="%%{d}"
            EOT
            }
        """,
        "sub/f": "",
    },
    "platforms": {
        "docker-bake.hcl": r"""
            group "default" { targets = ["none", "here", "mixed", "spelled"] }
            target "none" {}
            target "here" { platforms = ["local"] }
            target "mixed" {
              platforms = ["linux/amd64", "darwin/arm64", "windows/amd64", "linux/sparc64"]
            }
            target "spelled" { platforms = ["linux/arm64/v8", "linux/arm", "linux/amd64/v2"] }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "outputs": {
        "docker-bake.hcl": r"""
            target "folder" { output = ["out"] }
            target "cross" {
              output = ["type=local,dest=out,platform-split=true"]
              platforms = ["linux/amd64", "darwin/arm64"]
            }
            target "layout" {
              output = ["type=oci,dest=layout,tar=false"]
              tags = ["acme/layout:1"]
            }
            target "nothing" { output = ["type=cacheonly"] }
            target "loaded" { output = ["type=docker,name=acme/loaded:1"] }
            target "written" {
              output = ["type=image,compression=zstd,compression-level=3,force-compression=true"]
              tags = ["acme/written:1"]
            }
            target "both" {
              output = ["type=image,oci-mediatypes=true", "type=local,dest=out"]
            }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "archives": {
        "docker-bake.hcl": r"""
            target "archive" { output = ["type=tar,dest=out.tar"] }
            target "file" { output = ["type=docker,dest=image.tar"] }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "pushed": {
        "docker-bake.hcl": r"""
            target "registry" {
              output = ["type=registry"]
              tags = ["localhost:5000/a:1"]
            }
            target "image" {
              output = ["type=image,name=localhost:5000/b:1,push=true"]
            }
            target "cached" {
              cache-from = ["localhost:5000/c", "type=gha,scope=x", "type=local,src=cache"]
              cache-to = [
                "type=registry,ref=localhost:5000/c,mode=max", "type=inline",
                "type=local,dest=cache", { type = "gha", scope = "x" },
              ]
            }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "calls": {
        "docker-bake.hcl": r"""
            target "lint" { call = "check" }
            target "list" { call = "targets" }
            target "outline" { call = "outline,format=json" }
            target "built" { call = "build" }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "attested": {
        "docker-bake.hcl": r"""
            target "all" {
              attest = ["type=provenance,mode=max", "type=sbom,generator=acme/scanner"]
              annotations = ["index,manifest:org.example.a=b", "c=d"]
              platforms = ["linux/amd64", "linux/arm64"]
            }
            target "none" {
              attest = [{ type = "provenance", disabled = "true" }]
            }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "limits": {
        "docker-bake.hcl": r"""
            target "open" {
              network = "host"
              entitlements = ["network.host", "security.insecure", "device=vendor.com/x=y"]
              ulimits = ["nofile=1024:2048"]
              shm-size = "128m"
              extra-hosts = { "a.example" = "1.2.3.4" }
            }
            target "closed" { network = "none" }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "secrets": {
        "docker-bake.json": """
            {"target": {"app": {
              "secret": [
                "id=a,env=HOME", "type=file,id=b,src=sub/key", {"id": "c", "src": "sub/key"}
              ],
              "ssh": ["default", "other=agent"]
            }}}
        """,
        "sub/key": "secret",
        "Dockerfile": "FROM scratch\n",
    },
    "contexts": {
        "docker-bake.hcl": r"""
            target "remote" { context = "https://github.com/acme/app.git#main:sub" }
            target "named" {
              contexts = {
                python = "docker-image://python:3.13-slim"
                sources = "https://github.com/acme/sources.git"
                other = "./sub"
                layout = "oci-layout://sub"
              }
            }
            target "cwd" { context = "cwd://sub" }
            target "above" {
              context = "sub/.."
              dockerfile = "sub/../Dockerfile"
            }
        """,
        "Dockerfile": "FROM scratch\n",
        "sub/Dockerfile": "FROM scratch\n",
    },
    "comments": {
        "docker-bake.hcl": "\ufeff"
        r"""
            target bare {
              args = { text = "target \"fake\" {" }
            }
            /*
            target "old" {
            }
            */
            # target "older" {}
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "cases": {
        "docker-bake.hcl": r"""
            target "default" { tags = ["acme/default:1"] }
            target "App" { tags = ["acme/upper:1"] }
            target "app" { tags = ["acme/lower:1"] }
            target "_hidden" { tags = ["acme/hidden:1"] }
            group "hidden" { targets = ["_hidden"] }
        """,
        "Dockerfile": "FROM scratch\n",
    },
    "elsewhere": {
        "build/first.hcl": 'target "app" {\n args = { A = "1" }\n}\n',
        "build/second.json": '{"target": {"app": {"args": {"B": "2"}}}}',
        "docker-bake.hcl": 'target "other" {}\n',
        "Dockerfile": "FROM scratch\n",
    },
}

# The files that are named with --file, or in BUILDX_BAKE_FILE.
NAMED = {"elsewhere": ("build/first.hcl", "build/second.json")}
