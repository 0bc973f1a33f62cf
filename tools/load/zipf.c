/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ranks by Zipf's law without a table, whatever the number of ranks: rejection
 * inversion (W. Hormann, G. Derflinger, "Rejection-inversion to generate
 * variates from monotone discrete distributions", ACM TOMACS 6, 1996).
 *
 * The histogram of h(k) = k^-s lies under the curve h(x), each bar k from
 * k - 1/2 to k + 1/2. Drawn is a point of the area under the curve, which is
 * inverted in closed form to an x, hence to a bar; the point is refused if it
 * lies between bar and curve. Up to a distance `sure` left of the middle of any
 * bar it never does, which settles most draws without another power.
 */
#include <math.h>

#include "tools/load/draw.h"

/* The area under the curve from 1 to x: (x^(1-s) - 1) / (1 - s), or log(x). */
static double
area(const struct zipf *z, double x)
{
	double rest = 1 - z->exponent, log_x = log(x);

	return fabs(rest * log_x) < 1e-8 ? log_x : expm1(rest * log_x) / rest;
}

static double
area_inverse(const struct zipf *z, double a)
{
	double rest = 1 - z->exponent;

	if (fabs(rest * a) < 1e-8)
		return exp(a);
	return exp(log1p(fmax(rest * a, -1)) / rest);
}

static double
height(const struct zipf *z, double x)
{
	return pow(x, -z->exponent);
}

void
zipf_init(struct zipf *z, double exponent, uint64_t n)
{
	z->exponent = exponent;
	z->n = (double)n;
	z->first = area(z, 1.5) - 1; /* bar 1, all of which counts */
	z->last = area(z, z->n + 0.5);
	z->sure = 2 - area_inverse(z, area(z, 2.5) - height(z, 2));
}

uint64_t
zipf_draw(const struct zipf *z, struct draw *d)
{
	for (;;) {
		double a = z->last + draw_unit(d) * (z->first - z->last);
		double x = area_inverse(z, a);
		double k = fmin(fmax(floor(x + 0.5), 1), z->n);

		if (k - x <= z->sure || a >= area(z, k + 0.5) - height(z, k))
			return (uint64_t)k;
	}
}
