"""Single images. A still is a track of one frame: analysis, fit, manipulators, renderer and composite are those of
video.

    upright     what lies in a file: upright pixels, and the rest
    image     files read, and written so that they differ only where pixels were changed; tiff: the same of TIFF
    metadata    EXIF, ICC and XMP: kept, but for thumbnails, which would show the face as it was
    frame       an image as a `ned.video.Frame`, and as an analysis of one frame
    faces       found and fitted
    edit        and edited and painted
    sheet       the plane of valence and arousal as a contact sheet, and as an animation around it
"""
