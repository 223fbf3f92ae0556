"""Settings: OPENHQM_* variables override the YAML file that OPENHQM_CONFIG names."""

import os

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OPENHQM_")

    queue_backend: str = "minimal"
    host: str = "0.0.0.0"
    port: int = Field(default=8000, ge=1, le=65535)
    log_level: str = "info"
    queue_size: int = Field(default=1000, ge=1)
    target_url: str | None = None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        chosen = [sources["init_settings"], sources["env_settings"]]
        if path := os.environ.get("OPENHQM_CONFIG"):
            # Imported here, because few runs use a file and PyYAML would slow down every start.
            from pydantic_settings import YamlConfigSettingsSource

            chosen.append(YamlConfigSettingsSource(settings_cls, yaml_file=path))
        return tuple(chosen)
