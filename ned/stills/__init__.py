"""Single pictures. A still is a track of one frame: analysis, fit, manipulators, renderer and composite are those of
video.

    picture     what lies in a file, and a file that differs only where pixels were changed
    metadata    EXIF, ICC and XMP: kept, but for thumbnails, which would show the face as it was
    frame       a picture as a `ned.video.Frame`, and as an analysis of one frame
    edit        faces found, fitted, edited, painted
    sheet       the plane of valence and arousal as a contact sheet, and as an animation around it
"""
