// Nothing but the precompiled header that this target carries for the layers.
