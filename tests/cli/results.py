"""What a pipeline gives that does no work."""

import shutil

from ned.pipeline import ProcessResult


def result_of(config, edited=40):
    """As if this many of 50 frames had been edited: the outputs are there."""
    for path in (config.output_path, config.compare_path, config.report_path):
        if path is not None:
            shutil.copyfile(config.input, path)
    return ProcessResult(
        config.output_path, config.compare_path, config.report_path, 50, edited, 1, config.emotion, config.intensity
    )
