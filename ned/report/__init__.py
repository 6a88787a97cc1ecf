"""What was done, to look at: contact sheets and a self-contained HTML page."""

from ned.report.data import ImagePair, ReportData, load_image, save_pair
from ned.report.page import write_report
from ned.report.sheet import contact_sheet, grid, save_image

__all__ = [
    "ImagePair",
    "ReportData",
    "contact_sheet",
    "grid",
    "load_image",
    "save_pair",
    "save_image",
    "write_report",
]
