package kernels_test

import (
	"math"
	"math/big"
)

// Maps of float64 are held against the same functions in 256 bits. Everything here is slow and plain: series where they converge
// at once, and one Newton step from package math's value for the inverses.

// digits is the precision of the references, far beyond what a comparison of 53 bits can see.
const digits = 256

// num is x in that precision.
func num(x float64) *big.Float { return new(big.Float).SetPrec(digits).SetFloat64(x) }

func add(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(digits).Add(x, y) }
func sub(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(digits).Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(digits).Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(digits).Quo(x, y) }
func root(x *big.Float) *big.Float   { return new(big.Float).SetPrec(digits).Sqrt(x) }
func neg(x *big.Float) *big.Float    { return new(big.Float).Neg(x) }

// scaled is x·2ⁿ.
func scaled(x *big.Float, n int) *big.Float { return new(big.Float).SetMantExp(x, n) }

// series sums first + first·ratio(1) + first·ratio(1)·ratio(2) + … until terms no longer count.
func series(first *big.Float, ratio func(k int) *big.Float) *big.Float {
	sum, term := first, first
	for k := 1; term.Sign() != 0 && term.MantExp(nil) > sum.MantExp(nil)-digits; k++ {
		term = mul(term, ratio(k))
		sum = add(sum, term)
	}
	return sum
}

// oddPowers sums x·(1 + s·z/3 + z²/5 + s·z³/7 + …), z = x², for s = ±1: artanh x or arctan x of a small x.
func oddPowers(x *big.Float, s float64) *big.Float {
	z, sum, power := mul(num(s), mul(x, x)), x, x
	for k := 3.; power.Sign() != 0 && power.MantExp(nil) > sum.MantExp(nil)-digits; k += 2 {
		power = mul(power, z)
		sum = add(sum, quo(power, num(k)))
	}
	return sum
}

// ln2Big and piBig are computed to wide bits, since sines of large arguments need π to as many as their exponent has.
var (
	ln2Big = scaled(oddPowers(quo(num(1), num(3)), 1), 1)
	piBig  = machin(1500)
)

// machin is π = 16·arctan(1/5) − 4·arctan(1/239) to that many bits.
func machin(bits uint) *big.Float {
	arc := func(inverse int64) *big.Float {
		one := func(v int64) *big.Float { return new(big.Float).SetPrec(bits).SetInt64(v) }
		power := new(big.Float).Quo(one(1), one(inverse))
		sum, square := new(big.Float).Copy(power), one(-inverse*inverse)
		for k := int64(3); power.MantExp(nil) > -int(bits); k += 2 {
			power.Quo(power, square)
			sum.Add(sum, new(big.Float).Quo(power, one(k)))
		}
		return sum
	}
	return new(big.Float).Sub(scaled(arc(5), 4), scaled(arc(239), 2))
}

// expm1Big is eˣ − 1 with all digits where x is small: the series of a part of x, then (1 + t)² − 1 = t·(2 + t).
func expm1Big(x *big.Float) *big.Float {
	if x.Sign() == 0 || x.IsInf() {
		return x
	}
	switch v, _ := x.Float64(); {
	case v > 5000:
		return num(inf)
	case v < -5000:
		return num(-1)
	}
	halvings := max(0, x.MantExp(nil)+8)
	small := scaled(x, -halvings)
	t := series(small, func(k int) *big.Float { return quo(small, num(float64(k+1))) })
	for range halvings {
		t = mul(t, add(num(2), t))
	}
	return t
}

// expBig is eˣ; that of a negative x is a quotient, since eˣ − 1 has no digits of it.
func expBig(x *big.Float) *big.Float {
	if x.Sign() < 0 {
		return quo(num(1), expBig(neg(x)))
	}
	return add(num(1), expm1Big(x))
}

// log1pBig is ln(1 + x): the series of 2·artanh(x/(2 + x)) where x is small.
func log1pBig(x *big.Float) *big.Float {
	if x.Sign() == 0 {
		return x
	}
	if x.MantExp(nil) < -4 {
		return scaled(oddPowers(quo(x, add(num(2), x)), 1), 1)
	}
	return lnBig(add(num(1), x))
}

// lnBig is y + ln(u·e⁻ʸ) for an estimate y.
func lnBig(u *big.Float) *big.Float {
	if u.Sign() == 0 {
		return num(math.Inf(-1))
	}
	m := new(big.Float)
	e := u.MantExp(m)
	v, _ := m.Float64()
	y := num(math.Log(v) + float64(e)*math.Ln2)
	rest := sub(mul(u, expBig(neg(y))), num(1))
	return add(y, log1pBig(rest))
}

// sineBig is sin(x + quarter·π/2) by the series of the rest of x modulo π/2.
func sineBig(x float64, quarter int) *big.Float {
	wide := new(big.Float).SetPrec(1500).SetFloat64(x)
	quarters := new(big.Float).Quo(wide, scaled(piBig, -1))
	n, _ := new(big.Float).Add(quarters, num(math.Copysign(0.5, x))).Int(nil)
	r := wide.Sub(wide, new(big.Float).SetPrec(1500).Mul(new(big.Float).SetPrec(1500).SetInt(n), scaled(piBig, -1)))
	q := (int(new(big.Int).And(n, big.NewInt(3)).Int64()) + quarter) & 3
	rest := num(0).Set(r)
	z, first := neg(mul(rest, rest)), rest
	odd := 1
	if q&1 == 1 {
		first, odd = num(1), 0
	}
	y := first
	if first.Sign() != 0 {
		y = series(first, func(k int) *big.Float { return quo(z, num(float64((2*k+odd)*(2*k+odd-1)))) })
	}
	if q >= 2 {
		return neg(y)
	}
	return y
}

// atanBig adds to package math's value t the arc of the difference (x − tan t)/(1 + x·tan t).
func atanBig(x *big.Float) *big.Float {
	v, _ := x.Float64()
	if x.Sign() == 0 || x.MantExp(nil) < -8 {
		return oddPowers(x, -1)
	}
	t := math.Atan(v)
	sin, cos := sineBig(t, 0), sineBig(t, 1)
	return add(num(t), oddPowers(quo(sub(mul(x, cos), sin), add(cos, mul(x, sin))), -1))
}

// erfBig is the power series, which loses the 52 bits of e³⁶ at its far end.
func erfBig(x *big.Float) *big.Float {
	if v, _ := x.Float64(); math.Abs(v) > 6 {
		return num(math.Copysign(1, v))
	}
	z := neg(mul(x, x))
	power, sum := x, x
	for k := 1.; power.Sign() != 0 && power.MantExp(nil) > sum.MantExp(nil)-digits/2; k++ {
		power = quo(mul(power, z), num(k))
		sum = add(sum, quo(power, num(2*k+1)))
	}
	return quo(scaled(sum, 1), root(new(big.Float).SetPrec(digits).Set(piBig)))
}

// bigMaps are the references of the maps that are more than one operation; nil stands for NaN.
var bigMaps = map[string]func(v float64) *big.Float{
	"Exp":   func(v float64) *big.Float { return expBig(num(v)) },
	"Expm1": func(v float64) *big.Float { return expm1Big(num(v)) },
	"Log": func(v float64) *big.Float {
		if v < 0 {
			return nil
		}
		if v > 0.5 && v < 2 {
			return log1pBig(sub(num(v), num(1)))
		}
		return lnBig(num(v))
	},
	"Log1p": func(v float64) *big.Float {
		if v < -1 {
			return nil
		}
		return log1pBig(num(v))
	},
	"Tanh": func(v float64) *big.Float {
		t := expm1Big(num(-2 * math.Abs(v)))
		return mul(num(math.Copysign(1, v)), quo(neg(t), add(t, num(2))))
	},
	"Sigmoid": func(v float64) *big.Float { return quo(num(1), add(num(1), expBig(num(-v)))) },
	"Softplus": func(v float64) *big.Float {
		if v > 20 {
			return num(v)
		}
		return log1pBig(expBig(num(v)))
	},
	"Sin":  func(v float64) *big.Float { return sineBig(v, 0) },
	"Cos":  func(v float64) *big.Float { return sineBig(v, 1) },
	"Erf":  func(v float64) *big.Float { return erfBig(num(v)) },
	"Atan": func(v float64) *big.Float { return atanBig(num(v)) },
	"Asin": func(v float64) *big.Float {
		if math.Abs(v) >= 1 {
			return ofMath(math.Asin(v))
		}
		return atanBig(quo(num(v), root(mul(sub(num(1), num(v)), add(num(1), num(v))))))
	},
	"Acos": func(v float64) *big.Float {
		if math.Abs(v) >= 1 {
			return ofMath(math.Acos(v))
		}
		return scaled(atanBig(root(quo(sub(num(1), num(v)), add(num(1), num(v))))), 1)
	},
	"Sinh": func(v float64) *big.Float {
		t := expm1Big(num(math.Abs(v)))
		if !t.IsInf() {
			t = scaled(add(t, quo(t, add(t, num(1)))), -1)
		}
		return mul(num(math.Copysign(1, v)), t)
	},
	"Cosh": func(v float64) *big.Float { return scaled(add(expBig(num(v)), expBig(num(-v))), -1) },
	"Asinh": func(v float64) *big.Float {
		a := num(math.Abs(v))
		z := mul(a, a)
		y := log1pBig(add(a, quo(z, add(num(1), root(add(z, num(1)))))))
		return mul(num(math.Copysign(1, v)), y)
	},
	"Acosh": func(v float64) *big.Float {
		if v < 1 {
			return nil
		}
		t := sub(num(v), num(1))
		return log1pBig(add(t, root(add(scaled(t, 1), mul(t, t)))))
	},
	"Atanh": func(v float64) *big.Float {
		if math.Abs(v) >= 1 {
			return ofMath(math.Atanh(v))
		}
		return scaled(log1pBig(quo(num(2*v), sub(num(1), num(v)))), -1)
	},
}

// ofMath takes package math's word at the ends of a domain.
func ofMath(v float64) *big.Float {
	if v != v {
		return nil
	}
	return num(v)
}
