"""The rich-resource teacher: high resolution, past and future frames, a plane-sweep cost volume; its labels for everybody."""
