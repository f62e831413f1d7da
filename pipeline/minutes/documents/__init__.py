"""Minutes as files, one module a format; `pipeline.formats.discovery` finds them beside the formats of transcripts."""
