"""vITL: a slider of emotion, learnt by function-valued kernel regression.

A. Lambert, S. Parekh, Z. Szabó, F. d'Alché-Buc, *Emotion Transfer Using Vector-Valued Infinite Task Learning* (2021):
h(x)(θ) takes a face x and a place θ in the plane of valence and arousal and gives the face there. The hypothesis lives
in a vector-valued RKHS with the kernels G(θ, θ') = k_Θ(θ, θ')·A and K(x, x') = k_X(x, x')·Id.

    solve       the linear system, diagonalised; conjugate gradients where cells are missing
    regression  the estimator: exact, or with features where there are many inputs
    selection   λ and the widths by folds that share no identity
    plane       where emotions lie, and what lies between them
    slider      what the product ships; training/ fits it to displays
    landmarks   68 points a face, as the paper has it; its measure
    own_place   where a face lies already
    manipulator the slider behind `ned.manipulator.Manipulator`
"""
