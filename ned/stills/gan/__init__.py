"""Networks that edit the pixels of single images, as three papers have them, and one that is small enough to use.

    settings    which networks with which numbers; configs/caae.yaml, smile_*.yaml are the papers'
    readers     AffectNet, FERPlus, KDEF, RaFD as their publishers lay them out, and folders with labels.csv
    crops       what a network sees of a face: the image, the face, or its parts
    blending    a part goes back into its image
    caae        a conditional adversarial autoencoder of valence and arousal
    smile       StarGAN and CycleGAN with a Wasserstein loss
    editors     the papers' networks on a photograph; apply: the small one; choice, compare: which, and all of them
    small       flow, residual and mask at 96 pixels, applied at the image's own resolution
    training    all of them in `ned.training.loop`
"""
