# Builds the eight variants without openhqm-tui. Run it in the folder with Dockerfile and assets/:
# the root of a checkout, or the folder that `openhqm-tui variants --dockerfile bundled` prints.
#
#   docker buildx bake -f assets/docker-bake.hcl                 all of them, into the local engine
#   docker buildx bake -f assets/docker-bake.hcl redis --push    one of them, to NAME's registry
#   TAG=v1 CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt docker buildx bake -f assets/docker-bake.hcl
#
# `openhqm-tui plan` prints the same targets as JSON.

variable "NAME" { default = "openhqm" }
variable "TAG" { default = "latest" }
variable "PLATFORMS" { default = "linux/amd64,linux/arm64" }
variable "PYTHON_VERSION" { default = "3.13" }

variable "BASE_IMAGE" {
  description = "Replaces python:PYTHON_VERSION-slim, for example if Docker Hub is not reachable."
  default     = ""
}

variable "CONTEXT" {
  description = "A checkout of OpenHQM, or a folder with the same layout."
  default     = "assets/context"
}

variable "DOCKERFILE" {
  description = "Path of the Dockerfile, relative to CONTEXT."
  default     = "../../Dockerfile"
}

variable "CA_BUNDLE" {
  description = "CA certificates for builds behind a proxy that re-signs TLS. Never in a layer."
  default     = ""
}

variable "INDEX_URL" {
  description = "URL of a package index. Passed as a secret, because it may contain a password."
  default     = ""
}

variable "REVISION" { default = "unknown" }

variable "SOURCE_DATE_EPOCH" {
  description = "Creation time in seconds since 1970; set it for reproducible digests. Default: now."
  default     = ""
}

group "default" {
  targets = ["variant"]
}

target "variant" {
  name = variant
  matrix = {
    variant = ["all", "redis", "kafka", "sqs", "azure", "gcp", "mqtt", "minimal"]
  }
  context    = CONTEXT
  dockerfile = DOCKERFILE
  platforms  = split(",", PLATFORMS)
  tags = concat(
    variant == "all" ? ["${NAME}:${TAG}"] : [],
    ["${NAME}:${TAG}-${variant}"],
  )
  args = {
    QUEUE_BACKEND     = variant
    PYTHON_VERSION    = PYTHON_VERSION
    BASE_NAME         = base_name()
    VERSION           = TAG
    REVISION          = REVISION
    CREATED           = SOURCE_DATE_EPOCH == "" ? timestamp() : timeadd("1970-01-01T00:00:00Z", "${SOURCE_DATE_EPOCH}s")
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH == "" ? null : SOURCE_DATE_EPOCH
  }
  # A named context rather than a build argument, so that this works with any Dockerfile's FROM.
  contexts = BASE_IMAGE == "" ? {} : {
    "python:${PYTHON_VERSION}-slim" = "docker-image://${BASE_IMAGE}"
  }
  secret = concat(
    CA_BUNDLE == "" ? [] : ["id=ca-bundle,src=${CA_BUNDLE}"],
    INDEX_URL == "" ? [] : ["id=index-url,env=INDEX_URL"],
  )
  # Provenance contains the build time, so the same image would never get the same digest.
  attest = ["type=provenance,disabled=true"]
  output = ["type=docker"]
}

function "base_name" {
  params = []
  result = BASE_IMAGE == "" ? "python:${PYTHON_VERSION}-slim" : BASE_IMAGE
}
