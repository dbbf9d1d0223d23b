; Ints are Python's: of any size.
(define (factorial n)
  (if (= n 0) 1 (* n (factorial (- n 1)))))
(factorial 50)

; Functions that take functions.
(define (map f list)
  (if (eq list nil) nil (cons (f (car list)) (map f (cdr list)))))
(define (filter wanted list)
  (if (eq list nil) nil
    (if (wanted (car list))
      (cons (car list) (filter wanted (cdr list)))
      (filter wanted (cdr list)))))
(define (range from to)
  (if (< from to) (cons from (range (+ from 1) to)) nil))
(map (lambda (n) (* n n)) (filter (lambda (n) (= (remainder n 3) 0)) (range 0 20)))

; A function that its own scope refers to is a cycle: its count never falls to 0, the collector finds it.
(gc)
(define (loop)
  (define (again) (again))
  nil)
(loop)
(loop)
(stats)
(gc)
(stats)

; What goes wrong is told, and the next form is evaluated.
(factorial (quote fifty))
(quotient 1 0)
(define (forever n) (+ 1 (forever n)))
(forever 0)
(if)

; A tail call takes no room: this could go on for ever.
(define (count-down n)
  (if (= n 0) (quote done) (count-down (- n 1))))
(count-down 20000)

; A longer one, which may be stopped anywhere, saved, and gone on with in another process.
(define (add-up list)
  (if (eq list nil) 0 (+ (car list) (add-up (cdr list)))))
(print (quote sum-of-squares)
  (add-up (map (lambda (n) (* n n)) (range 0 3000))))
