# The eight variants by hand, from the folder that holds Dockerfile and assets/ (in a checkout its
# root; of a wheel, the folder that `openhqm-tui variants --dockerfile bundled` names):
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
  description = "Takes the place of python:PYTHON_VERSION-slim, for those who cannot reach Docker Hub."
  default     = ""
}

variable "CONTEXT" {
  description = "A checkout of OpenHQM, or anything of its layout."
  default     = "assets/context"
}

variable "DOCKERFILE" {
  description = "As seen from CONTEXT, which is how bake looks for it."
  default     = "../../Dockerfile"
}

variable "CA_BUNDLE" {
  description = "Certificates to trust while building, where a proxy re-signs TLS. Never in a layer."
  default     = ""
}

variable "INDEX_URL" {
  description = "A package index of one's own. A secret, for it may hold a password."
  default     = ""
}

variable "REVISION" { default = "unknown" }

variable "SOURCE_DATE_EPOCH" {
  description = "Seconds. Equal inputs and an equal epoch give equal digests; without one, now."
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
  # A named context, not a build argument, so that any Dockerfile's FROM can be mapped alike.
  contexts = BASE_IMAGE == "" ? {} : {
    "python:${PYTHON_VERSION}-slim" = "docker-image://${BASE_IMAGE}"
  }
  secret = concat(
    CA_BUNDLE == "" ? [] : ["id=ca-bundle,src=${CA_BUNDLE}"],
    INDEX_URL == "" ? [] : ["id=index-url,env=INDEX_URL"],
  )
  # Provenance tells the time of the build, so the same image would never get the same digest.
  attest = ["type=provenance,disabled=true"]
  output = ["type=docker"]
}

function "base_name" {
  params = []
  result = BASE_IMAGE == "" ? "python:${PYTHON_VERSION}-slim" : BASE_IMAGE
}
