package cuda_test

import "strings"

// What the sources say in the signs of mathematics has to be said in ASCII in PTX.

// raised and lowered are superscripts and subscripts; signs are all others.
var (
	raised  = pairs("⁰0¹1²2³3⁴4⁵5⁶6⁷7⁸8⁹9⁺+⁻-ⁿnⁱiʰhʲjʳrʸyˢsˣxᴴHᴺNᵀTᵏkᵖpᵗt")
	lowered = pairs("₀0₁1₂2₊+ᵢiᵣrₐaₖkₛsₜtⱼj")
	signs   = strings.NewReplacer(
		"×", "x", "·", "*", "−", "-", "±", "+-", "…", "...", "Σ ", "sum ", "Σ", "sum ", "√(", "sqrt(", "√", "sqrt ", "½", "1/2", "≤", "<=", "≥", ">=", "≠", "!=",
		"→", "->", "←", "<-", "↓", "(down)", "⊗", "(x)", "⊙", "(.)", "∘", " o ", "∂", "d", "′", "'", "“", "\"", "”", "\"",
		"⌈", "ceil(", "⌉", ")", "⟨", "<", "⟩", ">", "\u0302", "^", "β", "beta", "ε", "eps", "κ", "kappa", "λ", "lambda",
		"μ", "mu", "µ", "mu", "ξ", "xi", "π", "pi", "σ", "sigma", "τ", "tau", "φ", "phi")
)

// pairs reads a sign and what it stands for, again and again.
func pairs(text string) map[rune]rune {
	m, r := map[rune]rune{}, []rune(text)
	for i := 0; i < len(r); i += 2 {
		m[r[i]] = r[i+1]
	}
	return m
}

// ascii writes xᵢ² as x_i^2; what it does not know it leaves, and whoever reads PTX refuses that.
func ascii(text string) string {
	var b strings.Builder
	place := ' '
	for _, r := range text {
		up, isUp := raised[r]
		down, isDown := lowered[r]
		at := ' '
		switch {
		case isUp:
			at, r = '^', up
		case isDown:
			at, r = '_', down
		}
		if at != place && at != ' ' {
			b.WriteRune(at)
		}
		place = at
		b.WriteRune(r)
	}
	return signs.Replace(b.String())
}
