"""Every setting, its checks, presets, and the roles of channels."""
